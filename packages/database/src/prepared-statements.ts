import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import type pg from 'pg';

/** Statements that are kept under a name; what more there are is planned each time, so that no server is filled with them. */
const statementsMax = 500;

/** What Kysely tells apart. */
const commands = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE', 'COMMIT', 'ROLLBACK'] as const;

const names = new Map<string, string>();

/**
 * The pool for Kysely, each of whose connections parses and plans a statement when it first has it, and from then on only
 * carries it out. For statements of few shapes; parsing and planning takes longer than most of ours do.
 */
export function preparing(pool: pg.Pool): PostgresPool {
  const clients = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect();
      const known = clients.get(client) ?? new PreparingClient(client);
      clients.set(client, known);
      return known;
    },
  };
}

class PreparingClient implements PostgresPoolClient {
  readonly #client: pg.PoolClient;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  query<Row>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>>;
  query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>;
  query<Row>(
    text: string | PostgresCursor<Row>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<Row>> | PostgresCursor<Row> {
    if (typeof text !== 'string') throw new Error('Statements that are prepared are not read row by row.');
    return this.#query(text, [...parameters]);
  }

  async #query<Row>(text: string, values: unknown[]): Promise<PostgresQueryResult<Row>> {
    // Without parameters it is `begin`, `commit` and their like, for which there is nothing to plan.
    const name = values.length === 0 ? undefined : nameOf(text);
    const { command, rowCount, rows } = await this.#client.query({ ...(name !== undefined && { name }), text, values });
    return { command: commands.find((known) => known === command) ?? 'SELECT', rowCount: rowCount ?? 0, rows };
  }

  release(destroy?: boolean): void {
    this.#client.release(destroy);
  }
}

function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= statementsMax) return known;
  const name = `s${names.size}`;
  names.set(text, name);
  return name;
}
