import {
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
 * Does some work in one transaction. Statements that the work issues together travel together: a round trip for all of
 * them, where Kysely's own transactions send each when the one before it has been answered.
 *
 * They also send those that still wait when one has failed, and the rollback may overtake them: they would be committed
 * on their own. Here everything issued before a failure is on its way before the rollback, and nothing after it is sent.
 *
 * @throws what the work throws; where a statement failed, the fault of the first, as those behind it only say that the
 *   transaction is aborted
 */
export async function inTransaction<Result>(db: Database, work: (trx: Database) => Promise<Result>): Promise<Result> {
  return db.transaction().execute((transaction) =>
    transaction.getExecutor().provideConnection(async (connection) => {
      const watched = watch(connection);
      try {
        return await work(new Kysely<DB>({ dialect: dialectOver(watched.connection) }));
      } catch (error) {
        throw watched.firstFault() ?? error;
      } finally {
        watched.close();
      }
    }),
  );
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
