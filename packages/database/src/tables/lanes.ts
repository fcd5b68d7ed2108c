import type { Database } from '../open.ts';

/**
 * Locks a lane until the end of the transaction, and tells the number of its newest outbox row.
 *
 * A worker that was taken for dead may still be at work on the envelope that the next worker now has. The lock lets one
 * of them through at a time; the second then finds the operations of the first.
 */
export async function lock(trx: Database, lane: number): Promise<number> {
  const { outbox_seq } = await trx
    .selectFrom('lane')
    .select('outbox_seq')
    .where('id', '=', lane)
    .forUpdate()
    .executeTakeFirstOrThrow(() => new Error(`Lane ${lane} is not in the database; lanes.ensure has not been called.`));
  return outbox_seq;
}

/**
 * Makes sure that the lanes 0 to `count` - 1 exist. Adds those that are missing only: an insert that finds its row there
 * waits for whoever is just changing it, and a worker could not start while another one is stuck.
 */
export async function ensure(db: Database, count: number): Promise<void> {
  const present = await db.selectFrom('lane').select('id').where('id', '<', count).execute();
  if (present.length === count) return;
  await db
    .insertInto('lane')
    .values(Array.from({ length: count }, (_, id) => ({ id })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
