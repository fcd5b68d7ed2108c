import { type Timestamp, timestampOf } from '@dialog/contracts/timestamp';
import { type RawBuilder, sql } from 'kysely';
import type { Database } from './open.ts';
import { type DailyTable, dayMs, dropMark, list, type Partition } from './partitions.ts';
import * as outboxCursors from './tables/outbox-cursors.ts';
import * as taskRuns from './tables/task-runs.ts';

export type Retention = { table: DailyTable; keptDays: number };

export type Kept = { partition: string; reason: string };
export type Sweep = {
  dropped: string[];
  /** Old enough to be dropped, but for a reason. */
  kept: Kept[];
};

/** The name under which the end of a sweep is noted. */
export const task = 'retention';

/**
 * Drops the partitions in which everything is older than its table keeps it, unless somebody still needs something in it.
 *
 * Writes and look-ups never wait for it. `detach partition … concurrently` asks for no lock that they hold or would queue
 * behind; it waits, in two transactions, for those who were at work on the table when it began. What is dropped is a table
 * by itself then, which nobody uses. A plain detach, and a drop without one, lock the whole table, and from the moment on at
 * which they ask. So `owner` has to own the tables, as it cannot be done within a function on behalf of others.
 *
 * One process at a time does this, by a lock that ends with its connection. Each step can be found again in the catalogue:
 * after a crash the next sweep goes on with it.
 *
 * @param owner of the tables; with a time limit for statements that is good for reading a whole partition
 * @param lockTimeoutMs how long a step waits for those who are at work on the table; then the next sweep goes on with it
 * @returns undefined when another process is at it
 * @throws the first fault, after the other tables have been seen to; somebody who is at work on a table for longer than
 *   `lockTimeoutMs` is one
 */
export async function sweep(
  owner: Database,
  retentions: readonly Retention[],
  { lockTimeoutMs, nowMs = Date.now }: { lockTimeoutMs: number; nowMs?: () => number },
): Promise<Sweep | undefined> {
  return owner.connection().execute(async (session) => {
    const { rows } = await sql<{ taken: boolean }>`
      select pg_try_advisory_lock(hashtext(${task})) as taken, set_config('lock_timeout', ${String(lockTimeoutMs)}, false)
    `.execute(session);
    if (rows[0]?.taken !== true) return undefined;
    try {
      return await sweepTables(session, retentions, nowMs);
    } finally {
      await sql`select pg_advisory_unlock(hashtext(${task}))`.execute(session);
    }
  });
}

async function sweepTables(session: Database, retentions: readonly Retention[], nowMs: () => number): Promise<Sweep> {
  const swept: Sweep = { dropped: [], kept: [] };
  const faults: unknown[] = [];
  for (const retention of retentions) {
    try {
      await sweepTable(session, retention, nowMs, swept);
    } catch (fault) {
      faults.push(fault);
    }
  }
  if (faults.length > 0) throw faults[0];
  await taskRuns.finish(session, task, timestampOf(nowMs()));
  return swept;
}

async function sweepTable(
  session: Database,
  { table, keptDays }: Retention,
  nowMs: () => number,
  swept: Sweep,
): Promise<void> {
  const since = nowMs() - keptDays * dayMs;
  for (const partition of await list(session, table)) {
    if (partition.state === 'attached') {
      if (!isBefore(partition, since)) continue;
      const reason = await neededBy[table](session, partition.name, timestampOf(since));
      if (reason !== undefined) {
        swept.kept.push({ partition: partition.name, reason });
        continue;
      }
      await sql`comment on table ${sql.table(partition.name)} is ${sql.lit(dropMark)}`.execute(session);
      await detach(session, table, partition.name, sql`concurrently`);
    }
    // A table has one such partition at most, and none other can be detached before that is through.
    if (partition.state === 'pending') await detach(session, table, partition.name, sql`finalize`);
    if (await isMarked(session, partition.name)) {
      await sql`drop table ${sql.table(partition.name)}`.execute(session);
      swept.dropped.push(partition.name);
    }
  }
}

/** Whether all of a partition's day lies before an instant. */
export function isBefore({ beginsAtMs }: Partition, instantMs: number): boolean {
  return beginsAtMs !== undefined && beginsAtMs + dayMs <= instantMs;
}

async function detach(session: Database, table: DailyTable, partition: string, how: RawBuilder<unknown>) {
  await sql`alter table ${sql.table(table)} detach partition ${sql.table(partition)} ${how}`.execute(session);
}

/** One that somebody else began to take off is theirs to keep. */
async function isMarked(session: Database, partition: string): Promise<boolean> {
  const { rows } = await sql<{ mark: string | null }>`
    select obj_description(${partition}::regclass, 'pg_class') as mark
  `.execute(session);
  return rows[0]?.mark === dropMark;
}

/** Why rows of a partition must stay although their day is over: undefined when nothing is in the way. */
const neededBy: Record<
  DailyTable,
  (session: Database, partition: string, since: Timestamp) => Promise<string | undefined>
> = {
  // A command may have waited on its lane for days: what counts is when it ended, by which no other partition is found.
  // Its lane may send it again until shortly after that, and it must be known then.
  async operation(session, partition, since) {
    const { rows } = await sql`
      select from ${sql.table(partition)} where ended_at > ${since} limit 1
    `.execute(session);
    return rows.length > 0 ? 'some of its operations ended later' : undefined;
  },
  async applied_key() {
    return undefined;
  },
  async outbox(session, partition) {
    const readers = await outboxCursors.readersBehind(session, partition);
    return readers.length > 0 ? `not read yet by ${readers.join(', ')}` : undefined;
  },
};
