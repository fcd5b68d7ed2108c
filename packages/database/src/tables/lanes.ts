import { sql } from 'kysely';
import type { Database } from '../open.ts';

/**
 * Locks a lane, and `others`, until the end of the transaction, and tells the number of its newest outbox row.
 *
 * A worker that was taken for dead may still be at work on the envelope that the next worker now has. The lock lets one
 * of them through at a time; the second then finds the operations of the first. Several are always locked in the order
 * of their numbers, so that nobody waits in a circle.
 */
export async function lock(trx: Database, lane: number, others: readonly number[] = []): Promise<number> {
  const locked = await trx
    .selectFrom('lane')
    .select(['id', 'outbox_seq'])
    .where('id', '=', sql<number>`any(${[lane, ...others]}::int[])`)
    .orderBy('id')
    .forUpdate()
    .execute();
  const own = locked.find(({ id }) => id === lane);
  if (own === undefined) throw new Error(`Lane ${lane} is not in the database; lanes.ensure has not been called.`);
  return own.outbox_seq;
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
