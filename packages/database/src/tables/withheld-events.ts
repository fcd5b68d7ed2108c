import type { WithheldEvent } from '@dialog/domain/dialog';
import { anyOf } from '../any-of.ts';
import type { Database } from '../open.ts';
import { insertRows } from '../rows.ts';

/** All that is withheld of some dialogs, in order. */
export async function find(db: Database, dialogIds: readonly string[]): Promise<WithheldEvent[]> {
  if (dialogIds.length === 0) return [];
  return db
    .selectFrom('withheld_event')
    .select(['dialog_id as dialogId', 'seq', 'event'])
    .where('dialog_id', '=', anyOf(dialogIds))
    .orderBy('dialog_id')
    .orderBy('seq')
    .execute();
}

export async function insert(trx: Database, withheld: readonly WithheldEvent[]): Promise<void> {
  await insertRows(
    trx,
    'withheld_event',
    withheld.map(({ dialogId, seq, event }) => ({ dialog_id: dialogId, seq, event })),
  );
}

/** Forgets what is withheld of dialogs that their party has been told of. */
export async function remove(trx: Database, dialogIds: readonly string[]): Promise<void> {
  if (dialogIds.length === 0) return;
  await trx.deleteFrom('withheld_event').where('dialog_id', '=', anyOf(dialogIds)).execute();
}
