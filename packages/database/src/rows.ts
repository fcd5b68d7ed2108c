import { CompiledQuery } from 'kysely';
import type { Database } from './open.ts';
import type { DB } from './schema.ts';

type Row = Readonly<Record<string, unknown>>;

/** Statements by table, keys and columns: to put one together takes longer than to send it. */
const statements = new Map<string, string>();

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
  await executeWith(db, rows, `insert ${table} ${Object.keys(first)}`, () => {
    const columns = Object.keys(first).map(quoted).join(', ');
    return `insert into ${quoted(table)} (${columns})
      select ${columns} from json_populate_recordset(null::${quoted(table)}, $1)`;
  });
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
  await executeWith(db, rows, `update ${table} ${keys} ${Object.keys(first)}`, () => {
    const set = Object.keys(first)
      .filter((column) => !keys.includes(column))
      .map((column) => `${quoted(column)} = changed.${quoted(column)}`);
    const match = keys.map((key) => `stored.${quoted(key)} = changed.${quoted(key)}`);
    return `update ${quoted(table)} as stored set ${set.join(', ')}
      from json_populate_recordset(null::${quoted(table)}, $1) as changed
      where ${match.join(' and ')}`;
  });
}

async function executeWith(db: Database, rows: readonly Row[], shape: string, compose: () => string): Promise<void> {
  const text = statements.get(shape) ?? compose();
  statements.set(shape, text);
  await db.executeQuery(CompiledQuery.raw(text, [JSON.stringify(rows)]));
}

/** Names come from our own code alone. */
function quoted(name: string): string {
  return `"${name}"`;
}
