import type { Timestamp } from '@dialog/contracts/timestamp';
import type { Database } from '../open.ts';

/** A command that could not be applied for a reason in its data. `command` is its JSON as it came off the lane. */
export type DeadLetter = {
  id: string;
  lane: number;
  failedAt: Timestamp;
  error: string;
  command: string;
  replayedAs: string | null;
};

const columns = ['id', 'lane', 'failed_at as failedAt', 'error', 'command', 'replayed_as as replayedAs'] as const;

export async function insert(trx: Database, letter: Omit<DeadLetter, 'replayedAs'>): Promise<void> {
  const { id, lane, failedAt, error, command } = letter;
  await trx
    .insertInto('dead_letter')
    .values({ id, lane, failed_at: failedAt, error, command })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

/** The newest dead letters first. */
export async function list(db: Database, limit: number): Promise<DeadLetter[]> {
  return db.selectFrom('dead_letter').select(columns).orderBy('failed_at', 'desc').limit(limit).execute();
}

export async function find(db: Database, id: string): Promise<DeadLetter | undefined> {
  return db.selectFrom('dead_letter').select(columns).where('id', '=', id).executeTakeFirst();
}

/**
 * Notes the command that is sent in a letter's place, or that none is, if nobody else has done so since it was read.
 *
 * @returns whether it was noted
 */
export async function markReplayed(
  db: Database,
  { id, replayedAs: seen }: Pick<DeadLetter, 'id' | 'replayedAs'>,
  replayedAs: string | null,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('dead_letter')
    .set({ replayed_as: replayedAs })
    .where('id', '=', id)
    .where('replayed_as', 'is not distinct from', seen)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}
