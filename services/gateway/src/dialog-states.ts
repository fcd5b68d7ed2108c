import type { Database } from '@dialog/database/open';
import type { Dialog } from '@dialog/domain/dialog';
import DataLoader from 'dataloader';
import { read } from './database-reads.ts';

/** Which dialog it is at the moment, and whether it can be seen. */
export type DialogState = Pick<Dialog, 'id' | 'revision' | 'deletedAt' | 'visibleFrom' | 'expiresAt'>;

/** Undefined for a dialog that is not there. @throws DatabaseUnavailable */
export type DialogStates = (dialogId: string) => Promise<DialogState | undefined>;

/** Dialogs in one statement. Thousands may be asked for at once, when a server comes back that all were waiting for. */
const statesAtOnceMax = 500;

/** Reads what is asked for at the same time together. */
export function createDialogStates(db: Database): DialogStates {
  const loader = new DataLoader<string, DialogState | undefined>(
    async (ids) => {
      const rows = await read(() =>
        db
          .selectFrom('dialog')
          .select(['id', 'revision', 'deleted_at as deletedAt'])
          .select(['visible_from as visibleFrom', 'expires_at as expiresAt'])
          .where('id', 'in', ids)
          .execute(),
      );
      const byId = new Map(rows.map((row) => [row.id, row]));
      return ids.map((id) => byId.get(id));
    },
    { cache: false, maxBatchSize: statesAtOnceMax },
  );
  return (dialogId) => loader.load(dialogId);
}
