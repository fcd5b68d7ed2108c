import { type RawBuilder, sql } from 'kysely';
import type { Database } from './open.ts';
import type { DB } from './schema.ts';

type Row = Readonly<Record<string, unknown>>;

/**
 * Inserts rows of one shape with one statement and one parameter, however many there are.
 *
 * The rows travel as JSON and Postgres gives them the table's types: no limit on the number of parameters, one plan,
 * nested documents without a second encoding. Columns that the rows do not name get their defaults, so that a new
 * column does not break a worker that does not know it yet.
 */
export async function insertRows(db: Database, table: keyof DB, rows: readonly Row[]): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const columns = columnList(Object.keys(first));
  await sql`
    insert into ${sql.table(table)} (${columns})
    select ${columns} from json_populate_recordset(null::${sql.table(table)}, ${JSON.stringify(rows)})
  `.execute(db);
}

/** Updates rows of one shape, found by `keys`, with one statement. Every column of a row that is no key is set. */
export async function updateRows(
  db: Database,
  table: keyof DB,
  keys: readonly string[],
  rows: readonly Row[],
): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const set = Object.keys(first)
    .filter((column) => !keys.includes(column))
    .map((column) => sql`${sql.ref(column)} = changed.${sql.ref(column)}`);
  const match = keys.map((key) => sql`stored.${sql.ref(key)} = changed.${sql.ref(key)}`);
  await sql`
    update ${sql.table(table)} as stored set ${sql.join(set)}
    from json_populate_recordset(null::${sql.table(table)}, ${JSON.stringify(rows)}) as changed
    where ${sql.join(match, sql` and `)}
  `.execute(db);
}

function columnList(columns: readonly string[]): RawBuilder<unknown> {
  return sql.join(columns.map((column) => sql.ref(column)));
}
