import type { SystemLabel } from '@dialog/contracts/enumerations';
import type { Database } from '@dialog/database/open';
import { read } from '../database-reads.ts';
import { type Page, type PageRequest, pageFrom, pickDialogs, sorting } from './find-page.ts';
import type { Sortable } from './order.ts';

export type ListedContext = Sortable & { endUserContextRevision: string; systemLabels: SystemLabel[] };

/**
 * Reads a page of dialogs, and of each no more than where its end users have put it.
 *
 * @throws DatabaseUnavailable
 */
export async function listEndUserContexts(db: Database, page: PageRequest): Promise<Page<ListedContext>> {
  const rows = await read(() =>
    db
      .selectFrom('dialog')
      .select(['id', 'content_updated_at as contentUpdatedAt', 'updated_at as updatedAt', 'created_at as createdAt'])
      .select(['due_at as dueAt', 'end_user_context_revision as endUserContextRevision'])
      .select('system_labels as systemLabels')
      .where('id', 'in', db.selectFrom(pickDialogs(db, page).as('picked')).select('picked.id'))
      .orderBy(sorting(page.order, 'dialog'))
      .execute(),
  );
  return pageFrom(rows, page.limit);
}
