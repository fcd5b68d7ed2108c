import type { Timestamp } from '@dialog/contracts/timestamp';
import { sql } from 'kysely';
import type { Database } from '../open.ts';

/**
 * Something in a row of the outbox that a reader passed without delivering it. It stays here, until an operator asks for
 * it to be delivered after all and the reader has done so, and after that as a record.
 */
export type OutboxRefusal = {
  id: string;
  reader: string;
  lane: number;
  seq: number;
  /** Which of the row's events or messages; empty for all of them. */
  messageId: string;
  refusedAt: Timestamp;
  reason: string;
  /** The row's JSON, unparsed. */
  change: string;
  replayAskedAt: Timestamp | null;
  replayedAt: Timestamp | null;
};

const columns = [
  ...(['id', 'reader', 'lane', 'seq', 'message_id as messageId', 'refused_at as refusedAt', 'reason'] as const),
  ...(['change', 'replay_asked_at as replayAskedAt', 'replayed_at as replayedAt'] as const),
] as const;

/** What is refused again, after a crash, is kept as it was the first time. */
export async function insert(
  trx: Database,
  refusal: Omit<OutboxRefusal, 'id' | 'replayAskedAt' | 'replayedAt'>,
): Promise<void> {
  const { refusedAt, messageId, ...same } = refusal;
  await trx
    .insertInto('outbox_refusal')
    .values({ ...same, message_id: messageId, refused_at: refusedAt })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** The newest refusals first. */
export async function list(db: Database, limit: number): Promise<OutboxRefusal[]> {
  return db.selectFrom('outbox_refusal').select(columns).orderBy('refused_at', 'desc').limit(limit).execute();
}

export async function find(db: Database, id: string): Promise<OutboxRefusal | undefined> {
  return db.selectFrom('outbox_refusal').select(columns).where('id', '=', id).executeTakeFirst();
}

/** How many refusals nobody has replayed yet, by reader. */
export async function open(db: Database, reader: string): Promise<number> {
  const { count } = await db
    .selectFrom('outbox_refusal')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('reader', '=', reader)
    .where('replayed_at', 'is', null)
    .executeTakeFirstOrThrow();
  return count;
}

/**
 * Asks a reader to deliver one of its refusals, or all that were not replayed yet.
 *
 * @param again also what was replayed already
 * @returns how many were asked for
 */
export async function askForReplay(
  db: Database,
  wanted: { id: string } | { reader: string },
  { at, again }: { at: Timestamp; again: boolean },
): Promise<number> {
  const { numUpdatedRows } = await db
    .updateTable('outbox_refusal')
    .set({ replay_asked_at: at, replayed_at: null })
    .where('id' in wanted ? 'id' : 'reader', '=', 'id' in wanted ? wanted.id : wanted.reader)
    .$if(!again, (query) => query.where('replayed_at', 'is', null))
    .executeTakeFirstOrThrow();
  return Number(numUpdatedRows);
}

/** Takes refusals that are to be replayed by now, the oldest first, until the end of the transaction. */
export async function takeAsked(
  trx: Database,
  reader: string,
  { by, limit }: { by: Timestamp; limit: number },
): Promise<OutboxRefusal[]> {
  return trx
    .selectFrom('outbox_refusal')
    .select(columns)
    .where('reader', '=', reader)
    .where('replay_asked_at', '<=', by)
    .where('replayed_at', 'is', null)
    .orderBy('lane')
    .orderBy('seq')
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute();
}

export async function markReplayed(trx: Database, id: string, at: Timestamp): Promise<void> {
  await trx.updateTable('outbox_refusal').set({ replayed_at: at }).where('id', '=', id).execute();
}

/** Has a replay tried again later. */
export async function postpone(trx: Database, id: string, until: Timestamp, reason: string): Promise<void> {
  await trx.updateTable('outbox_refusal').set({ replay_asked_at: until, reason }).where('id', '=', id).execute();
}

/** Notes that a replay was refused as well; it is not tried again until somebody asks. */
export async function refuseAgain(trx: Database, id: string, reason: string): Promise<void> {
  await trx
    .updateTable('outbox_refusal')
    .set({ replay_asked_at: null, reason, refused_at: sql`now()` })
    .where('id', '=', id)
    .execute();
}
