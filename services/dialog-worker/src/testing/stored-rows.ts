import type { Database } from '@dialog/database/open';
import { type RawBuilder, sql } from 'kysely';
import { uuidv7 } from 'uuidv7';

/** The tables that have rows of a dialog, by its id: whatever the schema has of them. Partitions are left out. */
export async function tablesOfDialogs(db: Database): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_class join pg_attribute on attrelid = pg_class.oid
    where attname = 'dialog_id' and relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace
  `.execute(db);
  return ['dialog', ...rows.map(({ name }) => name)].sort();
}

/**
 * Everything that is stored of a dialog, by table.
 *
 * @param fillEmptyTables whether a table without a row gets one first, with any values
 */
export async function rowsOf(
  db: Database,
  dialogId: string,
  { fillEmptyTables = false } = {},
): Promise<Record<string, unknown[]>> {
  const stored: Record<string, unknown[]> = {};
  for (const table of await tablesOfDialogs(db)) {
    const column = table === 'dialog' ? 'id' : 'dialog_id';
    const read = async () => {
      const { rows } = await sql<{ row: unknown }>`
        select to_jsonb(stored) as row from ${sql.table(table)} as stored
        where ${sql.ref(column)} = ${dialogId} order by to_jsonb(stored)::text
      `.execute(db);
      return rows.map(({ row }) => row);
    };
    let rows = await read();
    if (rows.length === 0 && fillEmptyTables) {
      await insertAnyRow(db, table, dialogId);
      rows = await read();
    }
    stored[table] = rows;
  }
  return stored;
}

async function insertAnyRow(db: Database, table: string, dialogId: string): Promise<void> {
  const { rows: columns } = await sql<{ name: string; type: string }>`
    select column_name as name, data_type as type from information_schema.columns
    where table_schema = 'public' and table_name = ${table}
      and is_nullable = 'NO' and column_default is null and is_generated = 'NEVER'
  `.execute(db);
  const values = columns.map(({ name, type }) => (name === 'dialog_id' ? sql`${dialogId}` : anyValue(type)));
  await sql`
    insert into ${sql.table(table)} (${sql.join(columns.map(({ name }) => sql.ref(name)))}) values (${sql.join(values)})
  `.execute(db);
}

function anyValue(type: string): RawBuilder<unknown> {
  if (type === 'uuid') return sql`${uuidv7()}::uuid`;
  if (type.startsWith('timestamp')) return sql`now()`;
  if (type.startsWith('json')) return sql`'{}'`;
  if (type === 'boolean') return sql`false`;
  if (type === 'ARRAY') return sql`'{}'`;
  return sql`'1'`;
}
