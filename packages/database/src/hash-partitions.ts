import { sql } from 'kysely';
import type { Database } from './open.ts';

type Keyed = { table: string; key: string };

/**
 * Divides the tables that hold dialogs into hash partitions by the dialog's id, or puts them together again. What they
 * hold stays, and so do the names of tables, constraints and indexes, so that neither statements nor later migrations
 * have to know.
 *
 * Those are `dialog` and every table whose primary key begins with `dialog_id`, but for those that are divided by time. All
 * others are looked up by something else. It is possible because nothing in them has to be unique beyond one dialog.
 *
 * One transaction, which has the tables to itself and writes all rows anew: services that run wait for it, or fail and try
 * again. Needs as much free space as the tables have.
 *
 * @param owner of the tables; its time limit for statements has to let a whole table be written
 * @param count of partitions of each table; 0 for none
 * @returns the tables that were written anew; those that have this many partitions already are left alone
 */
export async function partitionDialogs(owner: Database, count: number): Promise<string[]> {
  const changed = await owner.transaction().execute(async (trx) => {
    const tables = await tablesOfOtherCount(trx, count);
    if (tables.length === 0) return [];
    await sql`lock table ${sql.join(tables.map(({ table }) => sql.table(table)))} in access exclusive mode`.execute(
      trx,
    );
    for (const table of tables) await rewrite(trx, table, count);
    return tables.map(({ table }) => table);
  });
  // Outside, as the tables can be used while they are looked through.
  for (const table of changed) await sql`analyze ${sql.table(table)}`.execute(owner);
  return changed;
}

async function tablesOfOtherCount(trx: Database, count: number): Promise<Keyed[]> {
  const { rows } = await sql<Keyed>`
    select relname as "table", attname as key
    from pg_class
    join pg_index on indrelid = pg_class.oid and indisprimary
    join pg_attribute on attrelid = pg_class.oid and attnum = indkey[0]
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
      and (attname = 'dialog_id' or (relname = 'dialog' and attname = 'id'))
      and not exists (select from pg_partitioned_table where partrelid = pg_class.oid and partstrat <> 'h')
      and (select count(*) from pg_inherits where inhparent = pg_class.oid) <> ${count}
    order by relname
  `.execute(trx);
  return rows;
}

async function rewrite(trx: Database, { table, key }: Keyed, count: number): Promise<void> {
  const next = `${table}_next`;
  const [columns, definitions, grants] = [
    await writtenColumns(trx, table),
    await indexDefinitions(trx, table),
    await grantsOn(trx, table),
  ];
  const like = sql`${sql.table(next)} (like ${sql.table(table)} including all excluding indexes)`;
  if (count === 0) {
    await sql`create table ${like}`.execute(trx);
  } else {
    await sql`create table ${like} partition by hash (${sql.ref(key)})`.execute(trx);
    for (let remainder = 0; remainder < count; remainder += 1) {
      await sql`
        create table ${sql.table(`${table}_of_${count}_${remainder}`)} partition of ${sql.table(next)}
        for values with (modulus ${sql.lit(count)}, remainder ${sql.lit(remainder)})
      `.execute(trx);
    }
  }
  const list = sql.join(columns.map((column) => sql.ref(column)));
  await sql`insert into ${sql.table(next)} (${list}) select ${list} from ${sql.table(table)}`.execute(trx);
  await sql`drop table ${sql.table(table)}`.execute(trx);
  await sql`alter table ${sql.table(next)} rename to ${sql.table(table)}`.execute(trx);
  // Built at last, over all rows at once; their names were taken until now.
  for (const definition of definitions) await sql.raw(definition).execute(trx);
  for (const { privilege, grantee } of grants) {
    await sql`grant ${sql.raw(privilege)} on ${sql.table(table)} to ${sql.ref(grantee)}`.execute(trx);
  }
}

/** Generated columns are left out: Postgres works them out again. */
async function writtenColumns(trx: Database, table: string): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select attname as name from pg_attribute
    where attrelid = ${table}::regclass and attnum > 0 and not attisdropped and attgenerated = ''
    order by attnum
  `.execute(trx);
  return rows.map(({ name }) => name);
}

/** Statements that make a table's indexes and constraints again, under the same names. */
async function indexDefinitions(trx: Database, table: string): Promise<string[]> {
  const { rows } = await sql<{ definition: string }>`
    select case
      when conname is null then replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ')
      else format('alter table %I add constraint %I %s', ${table}::text, conname, pg_get_constraintdef(pg_constraint.oid))
    end as definition
    from pg_index
    left join pg_constraint on conindid = indexrelid and contype in ('p', 'u', 'x') and conrelid = indrelid
    where indrelid = ${table}::regclass
    order by indisprimary desc, indexrelid
  `.execute(trx);
  return rows.map(({ definition }) => definition);
}

/** What other roles may do with a table. */
async function grantsOn(trx: Database, table: string): Promise<{ privilege: string; grantee: string }[]> {
  const { rows } = await sql<{ privilege: string; grantee: string }>`
    select privilege_type as privilege, grantee::regrole::text as grantee
    from pg_class, aclexplode(relacl) where oid = ${table}::regclass and grantee <> relowner and grantee <> 0
  `.execute(trx);
  return rows;
}
