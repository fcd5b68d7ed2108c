import type { ListedDialog } from '@dialog/access/list-authorization';
import type { Database } from '@dialog/database/open';
import type { Dialog } from '@dialog/domain/dialog';
import { read } from './database-reads.ts';

type Labels = Pick<Dialog, 'serviceOwnerLabels' | 'serviceOwnerContextRevision'>;

/**
 * Finds what a service owner has labelled its dialog with. For labels there are no deleted dialogs, and an administrator
 * has no more rights than others.
 *
 * @throws DatabaseUnavailable
 */
export async function findServiceOwnerLabels(db: Database, id: string, org: string): Promise<Labels | undefined> {
  return read(() =>
    db
      .selectFrom('dialog')
      .select([
        'service_owner_labels as serviceOwnerLabels',
        'service_owner_context_revision as serviceOwnerContextRevision',
      ])
      .where('id', '=', id)
      .where('org', '=', org)
      .where('deleted_at', 'is', null)
      .executeTakeFirst(),
  );
}

/**
 * Finds what decides whether somebody may see dialogs in lists.
 *
 * @param org whose dialogs; null for those of all organisations
 * @throws DatabaseUnavailable
 */
export async function findListedDialogs(
  db: Database,
  ids: readonly string[],
  org: string | null,
): Promise<(ListedDialog & { org: string })[]> {
  return read(() =>
    db
      .selectFrom('dialog')
      .select(['id', 'org', 'party', 'service_resource as serviceResource'])
      .where('id', 'in', ids)
      .$if(org !== null, (query) => query.where('org', '=', org))
      .execute(),
  );
}
