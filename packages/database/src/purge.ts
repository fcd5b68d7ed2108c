import { sql } from 'kysely';
import type { Database } from './open.ts';

/** Where rows of a dialog are, by its id. Operations and the outbox are no part of it: they tell what happened. */
const partsOfDialog = [
  'dialog_transmission',
  'dialog_activity',
  'dialog_label_log',
  'dialog_seen_log',
  'dialog_idempotent_key',
  'chosen_id',
] as const;

/** Removes dialogs with everything in them. */
export async function purge(trx: Database, dialogIds: readonly string[]): Promise<void> {
  if (dialogIds.length === 0) return;
  await Promise.all([
    ...partsOfDialog.map((table) => trx.deleteFrom(table).where('dialog_id', '=', anyOf(dialogIds)).execute()),
    trx.deleteFrom('dialog').where('id', '=', anyOf(dialogIds)).execute(),
  ]);
}

function anyOf(ids: readonly string[]) {
  return sql<string>`any(${ids}::uuid[])`;
}
