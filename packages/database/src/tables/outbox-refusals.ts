import type { Timestamp } from '@dialog/contracts/timestamp';
import type { Database } from '../open.ts';

/**
 * A row of the outbox that a reader passed without delivering all of it, because of what is in it. It stays here until
 * an operator has looked into it.
 */
export type OutboxRefusal = {
  reader: string;
  lane: number;
  seq: number;
  refusedAt: Timestamp;
  /** Names the events that were not delivered. */
  reason: string;
  /** The row's JSON, unparsed. */
  change: string;
};

/** A row that is refused again, after a crash, is kept as it was the first time. */
export async function insert(trx: Database, refusal: OutboxRefusal): Promise<void> {
  const { refusedAt, ...columns } = refusal;
  await trx
    .insertInto('outbox_refusal')
    .values({ ...columns, refused_at: refusedAt })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** The newest refusals of a reader first. */
export async function list(db: Database, reader: string, limit: number): Promise<OutboxRefusal[]> {
  return db
    .selectFrom('outbox_refusal')
    .select(['reader', 'lane', 'seq', 'refused_at as refusedAt', 'reason', 'change'])
    .where('reader', '=', reader)
    .orderBy('refused_at', 'desc')
    .limit(limit)
    .execute();
}
