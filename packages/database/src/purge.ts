import { anyOf } from './any-of.ts';
import type { Database } from './open.ts';

/**
 * Where rows of a dialog are, by its id. Operations and the outbox are no part of it, nor what its readers hold back or have
 * noted of it: they tell what happened.
 */
const partsOfDialog = [
  'dialog_transmission',
  'dialog_activity',
  'dialog_label_log',
  'dialog_seen_log',
  'chosen_id',
  'withheld_event',
  'applied_key',
] as const;

/** Removes dialogs with everything in them. */
export async function purge(trx: Database, dialogIds: readonly string[]): Promise<void> {
  if (dialogIds.length === 0) return;
  await Promise.all([
    ...partsOfDialog.map((table) => trx.deleteFrom(table).where('dialog_id', '=', anyOf(dialogIds)).execute()),
    deleteWithKeys(trx, dialogIds),
  ]);
}

/** Keys are found by what the dialogs hold: an index by dialog would cost every create with a key for a rare purge. */
async function deleteWithKeys(trx: Database, dialogIds: readonly string[]): Promise<void> {
  await trx
    .with('gone', (query) =>
      query.deleteFrom('dialog').where('id', '=', anyOf(dialogIds)).returning(['org', 'idempotent_key']),
    )
    .deleteFrom('dialog_idempotent_key as held')
    .using('gone')
    .whereRef('held.org', '=', 'gone.org')
    .whereRef('held.idempotent_key', '=', 'gone.idempotent_key')
    .execute();
}
