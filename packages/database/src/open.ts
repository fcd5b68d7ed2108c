import { parseTimestamp } from '@dialog/contracts/timestamp';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { GatheringSocket } from './gathering-socket.ts';
import { preparing } from './prepared-statements.ts';
import type { DB } from './schema.ts';

export type Database = Kysely<DB>;

const { builtins } = pg.types;

/**
 * What the driver makes of column values, of this pool only: timestamps in the API's form with all microseconds (a
 * Date would drop them), bigint as a number (sequence numbers stay far below 2^53), json unparsed (an outbox row is
 * passed on as it is), jsonb parsed.
 */
const types: pg.CustomTypesConfig = {
  getTypeParser: (id, format) => {
    if (id === builtins.TIMESTAMPTZ) return readTimestamp;
    if (id === builtins.INT8) return Number;
    if (id === builtins.JSON) return (text: string) => text;
    return pg.types.getTypeParser(id, format);
  },
};

/** Postgres writes `2026-03-01 08:15:30.123456+00`, in UTC because the connection asks for it. */
function readTimestamp(text: string): string {
  const parsed = parseTimestamp(text.replace(' ', 'T').replace(/\+00$/, 'Z'));
  if (parsed === undefined) throw new Error(`Postgres sent a timestamp that cannot be read: ${text}`);
  return parsed;
}

export type PoolSettings = {
  applicationName: string;
  connectionsMax: number;
  /** How long a query may wait for a free or new connection before it fails. */
  connectTimeoutMs: number;
  /** How long a statement may run, and how long a transaction may wait for its next; Postgres ends both after that. */
  statementTimeoutMs: number;
  /**
   * Whether all statements have few shapes and find their rows by key. Each connection then plans a statement once, and in
   * the one way that is right for keys: a plan that was made for an empty table must not read all of a full one.
   */
  byKey?: boolean;
};

/**
 * To compile a statement takes Postgres longer than to carry out any of ours; estimates of the widest searches are high
 * enough that it would.
 */
const always = ['timezone=UTC', 'jit=off'];
const whenByKey = [
  ...always,
  ...['plan_cache_mode=force_generic_plan', 'enable_seqscan=off', 'enable_hashjoin=off', 'enable_mergejoin=off'],
];

/** Opens a pool. Connections are made when first needed: a database that is down shows as a failing query. */
export function openDatabase(url: string, settings: PoolSettings): Database {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: settings.applicationName,
    max: settings.connectionsMax,
    connectionTimeoutMillis: settings.connectTimeoutMs,
    statement_timeout: settings.statementTimeoutMs,
    // A machine that vanishes in the middle of a transaction would keep its locks, and with them a lane, until TCP gives
    // up: for hours.
    idle_in_transaction_session_timeout: settings.statementTimeoutMs,
    // The server ends a statement by itself; this is for a server that does not answer at all.
    query_timeout: settings.statementTimeoutMs + 5_000,
    keepAlive: true,
    // Statements that are issued together travel together; those of a transaction where it is one of inTransaction.
    pipeline: true,
    stream: () => new GatheringSocket(),
    options: (settings.byKey === true ? whenByKey : always).map((setting) => `-c ${setting}`).join(' '),
    types,
  });
  // A connection that breaks (a restart of Postgres) is replaced at the next query, and a query in hand is rejected.
  // Both events only repeat that; without listeners they would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => {
    client.on('error', () => {});
  });
  return new Kysely<DB>({ dialect: new PostgresDialect({ pool: settings.byKey === true ? preparing(pool) : pool }) });
}
