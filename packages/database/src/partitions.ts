import { sql } from 'kysely';
import type { Database } from './open.ts';

/** Makes the daily partitions of operation and outbox for yesterday and the coming `daysAhead` days. */
export async function ensurePartitions(db: Database, daysAhead: number): Promise<void> {
  await sql`
    select ensure_partitions((now() at time zone 'UTC')::date - 1, (now() at time zone 'UTC')::date + ${daysAhead}::int)
  `.execute(db);
}
