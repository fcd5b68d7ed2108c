import { withClient } from '@dialog/local/database';
import { z } from 'zod';
import type { BenchStack } from '../bench-stack.ts';

/** What Postgres did, by statement and altogether. */
export type PostgresActivity = {
  statements: { query: string; calls: number; rows: number; totalMs: number }[];
  transactions: number;
  walBytes: number;
};

/** Of statements that take less than this, of all time that statements take, nothing is told. */
const shareMin = 0.002;

/** Lets Postgres count its statements, for which it has to be started anew. The services wait for it meanwhile. */
export async function countStatements(stack: BenchStack): Promise<void> {
  const postgres = stack.process('postgres');
  await withClient(postgres.url, async (client) => {
    await client.query(`alter system set shared_preload_libraries = 'pg_stat_statements'`);
    await client.query('alter system set pg_stat_statements.track_planning = on');
  });
  await postgres.stop();
  await postgres.start();
  await withClient(superuserUrl(stack), (client) => client.query('create extension if not exists pg_stat_statements'));
}

/** Counts from here on. */
export async function forgetStatements(stack: BenchStack): Promise<void> {
  await withClient(superuserUrl(stack), async (client) => {
    await client.query('select pg_stat_statements_reset(), pg_stat_reset()');
    await client.query(`select pg_stat_reset_shared('wal')`);
  });
}

export async function countedStatements(stack: BenchStack): Promise<PostgresActivity> {
  return withClient(superuserUrl(stack), async (client) => {
    const { rows } = await client.query(
      `select query, calls::float, rows::float, total_exec_time + total_plan_time as "totalMs"
       from pg_stat_statements join pg_database on pg_database.oid = dbid and datname = current_database()
       where total_exec_time + total_plan_time
         > $1 * (select sum(total_exec_time + total_plan_time) from pg_stat_statements)
       order by "totalMs" desc`,
      [shareMin],
    );
    const totals = await client.query(
      `select wal_bytes::float as "walBytes", xact_commit::float as transactions
       from pg_stat_wal, pg_stat_database where datname = current_database()`,
    );
    const statement = { query: z.string(), calls: z.number(), rows: z.number(), totalMs: z.number() };
    const total = z.object({ walBytes: z.number(), transactions: z.number() }).parse(totals.rows[0]);
    return { statements: z.array(z.object(statement)).parse(rows), ...total };
  });
}

/** Postgres' own processes by their numbers, named after the service that each works for. */
export async function backends(stack: BenchStack): Promise<Map<number, string>> {
  return withClient(superuserUrl(stack), async (client) => {
    const { rows } = await client.query<{ pid: number; name: string }>(
      `select pid, coalesce(nullif(application_name, ''), backend_type) as name from pg_stat_activity
       where pid <> pg_backend_pid()`,
    );
    return new Map(rows.map(({ pid, name }) => [pid, `postgres for ${name}`]));
  });
}

function superuserUrl(stack: BenchStack): string {
  const url = new URL(stack.process('postgres').url);
  url.pathname = new URL(stack.database.owner).pathname;
  return url.href;
}
