import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import type { Database } from './open.ts';
import type { DB } from './schema.ts';

/**
 * Does some work in one transaction. Statements that the work issues together travel together, the first of them with the
 * beginning of the transaction: a round trip for all of them, where Kysely's own transactions send each when the one before
 * it has been answered.
 *
 * They also send those that still wait when one has failed, and the rollback may overtake them: they would be committed
 * on their own. Here everything issued before a failure is on its way before the rollback, and nothing after it is sent.
 * What changes something belongs behind a first statement that has been waited for: should Postgres not begin the
 * transaction, which it has no reason for, what travels with it is on its own.
 *
 * @throws what the work throws; where a statement failed, the fault of the first, as those behind it only say that the
 *   transaction is aborted
 */
export async function inTransaction<Result>(db: Database, work: (trx: Database) => Promise<Result>): Promise<Result> {
  return db.connection().execute((bound) =>
    bound.getExecutor().provideConnection(async (connection) => {
      const watched = watch(connection);
      try {
        const begun = watched.connection.executeQuery(begin);
        const [result] = await Promise.all([work(new Kysely<DB>({ dialect: dialectOver(watched.connection) })), begun]);
        watched.close();
        await endBy(connection, commit);
        return result;
      } catch (error) {
        watched.close();
        // Where this fails too, the connection is gone, and with it the transaction.
        await endBy(connection, rollback).catch(() => {});
        throw watched.firstFault() ?? error;
      }
    }),
  );
}

const begin = CompiledQuery.raw('begin');
const commit = CompiledQuery.raw('commit');
const rollback = CompiledQuery.raw('rollback');

/** Postgres answers the commit of a transaction in which something has failed with `ROLLBACK`, and without a fault. */
async function endBy(connection: DatabaseConnection, end: CompiledQuery): Promise<void> {
  const { rows } = await connection.executeQuery<{ command?: string }>(end);
  if (end === commit && rows[0]?.command === 'ROLLBACK') throw new Error('The transaction was aborted.');
}

function watch(connection: DatabaseConnection) {
  let closed = false;
  let fault: unknown;
  const watched: DatabaseConnection = {
    async executeQuery<Row>(...query: Parameters<DatabaseConnection['executeQuery']>) {
      if (closed) throw new Error('The transaction has ended.');
      try {
        return await connection.executeQuery<Row>(...query);
      } catch (error) {
        fault ??= error;
        throw error;
      }
    },
    streamQuery: () => {
      throw new Error('Statements that travel together cannot be read row by row.');
    },
  };
  return {
    connection: watched,
    firstFault: () => fault,
    close: () => {
      closed = true;
    },
  };
}

/** Postgres by way of one connection, which is never given back nor waited for. */
function dialectOver(connection: DatabaseConnection): Dialect {
  const driver = new DummyDriver();
  driver.acquireConnection = async () => connection;
  return {
    createDriver: () => driver,
    createAdapter: () => new PostgresAdapter(),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: (db) => new PostgresIntrospector(db),
  };
}
