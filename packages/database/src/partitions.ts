import { epochMsOf, type Timestamp, timestampOf } from '@dialog/contracts/timestamp';
import { epochMsOfUuidV7 } from '@dialog/contracts/uuid-v7';
import { type RawBuilder, sql } from 'kysely';
import type { Database } from './open.ts';
import type { DB } from './schema.ts';

/** A table with a partition for each day (UTC): of the time in its rows' ids, or of when they were written. */
export type DailyTable = Extract<keyof DB, 'operation' | 'applied_key' | 'outbox'>;

export const dayMs = 24 * 60 * 60 * 1_000;

/** Makes the daily partitions for yesterday and the coming `daysAhead` days. */
export async function ensurePartitions(db: Database, daysAhead: number): Promise<void> {
  const today = sql`(now() at time zone 'UTC')::date`;
  await ensureBetween(db, sql`${today} - 1`, sql`${today} + ${daysAhead}::int`);
}

/**
 * Makes the partitions for the days of some ids (UUIDv7) and instants, whenever that is: of commands that waited on a lane
 * for longer than partitions are kept, or whose sender's clock is wrong.
 */
export async function ensurePartitionsFor(
  db: Database,
  { ids, instants }: { ids: readonly string[]; instants: readonly Timestamp[] },
): Promise<void> {
  const times = [...ids.map(epochMsOfUuidV7), ...instants.map(epochMsOf)];
  const days = new Set(times.map((ms) => Math.floor(ms / dayMs) * dayMs));
  for (const ms of days) {
    const day = sql`(${timestampOf(ms)}::timestamptz at time zone 'UTC')::date`;
    await ensureBetween(db, day, day);
  }
}

async function ensureBetween(db: Database, first: RawBuilder<unknown>, last: RawBuilder<unknown>): Promise<void> {
  await sql`select ensure_partitions(${first}, ${last})`.execute(db);
}

export type Partition = {
  name: string;
  /** When its day begins; undefined for one that is not of a single day, which somebody made by hand. */
  beginsAtMs: number | undefined;
  /** Attached: rows are found in it. Pending: they are not any more, but taking it off has not ended. */
  state: 'attached' | 'pending' | 'detached';
};

/** Set before a partition is taken off its table, so that one which was left behind by a crash is known from others. */
export const dropMark = 'Old: retention drops it.';

/** A table's partitions, the oldest first, with those that were taken off to be dropped and are still there. */
export async function list(db: Database, table: DailyTable): Promise<Partition[]> {
  const { rows } = await sql<Omit<Partition, 'beginsAtMs'>>`
    select relname as name, case when inhdetachpending then 'pending' else 'attached' end as state
    from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = ${table}::regclass
    union all
    select relname, 'detached' from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and not relispartition
      and relname like ${`${table}\\_%`} and obj_description(oid, 'pg_class') = ${dropMark}
    order by name
  `.execute(db);
  return rows.map((partition) => ({ ...partition, beginsAtMs: beginOf(partition.name) }));
}

/** Partitions are named by their day, as in operation_20260301. */
function beginOf(name: string): number | undefined {
  const [, year, month, day] = /_(\d{4})(\d{2})(\d{2})$/.exec(name) ?? [];
  if (year === undefined) return undefined;
  const ms = Date.parse(`${year}-${month}-${day}T00:00:00Z`);
  return Number.isNaN(ms) ? undefined : ms;
}
