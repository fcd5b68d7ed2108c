import { anyOf } from '../any-of.ts';
import type { Database } from '../open.ts';
import { insertRows } from '../rows.ts';

/** Of some ids, those that a caller has chosen for a part of any dialog. */
export async function taken(db: Database, ids: readonly string[]): Promise<{ id: string; dialogId: string }[]> {
  if (ids.length === 0) return [];
  return db.selectFrom('chosen_id').select(['id', 'dialog_id as dialogId']).where('id', '=', anyOf(ids)).execute();
}

export async function insert(trx: Database, chosen: readonly { id: string; dialogId: string }[]): Promise<void> {
  await insertRows(
    trx,
    'chosen_id',
    chosen.map(({ id, dialogId }) => ({ id, dialog_id: dialogId })),
  );
}

/** Frees the ids of parts that are no more. */
export async function release(trx: Database, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await trx.deleteFrom('chosen_id').where('id', '=', anyOf(ids)).execute();
}
