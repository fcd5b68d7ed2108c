import { type Kysely, sql } from 'kysely';

/**
 * Makes partitions beside the writes, of every table that is partitioned by day, and remembers when old ones were dropped.
 *
 * `create table … partition of` locks the table against everybody until it is through, and waits for all who use it; those
 * who come meanwhile wait behind it. A table that is made on its own and attached then takes no lock that inserts or
 * look-ups ask for; attaching reads the table, which is empty.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- Creates the daily partitions from one day to another, of all tables with partitions by range of a uuid (the time in
    -- a UUIDv7) or a timestamptz. Safe to call again and by many.
    create or replace function ensure_partitions(first date, last date) returns void language plpgsql
      -- Services have no right to create tables; this is the one way they need.
      security definer set search_path = public, pg_temp as $$
    declare
      parent record;
      day date;
      partition text;
    begin
      perform pg_advisory_xact_lock(hashtext('ensure_partitions'));
      for parent in
        select relname as name, atttypid::regtype as key
        from pg_partitioned_table
        join pg_class on pg_class.oid = partrelid
        join pg_attribute on attrelid = partrelid and attnum = partattrs[0]
        where partstrat = 'r' and partnatts = 1 and relnamespace = 'public'::regnamespace
          and atttypid in ('uuid'::regtype, 'timestamptz'::regtype)
      loop
        for day in select generate_series(first, last, interval '1 day')::date loop
          partition := format('%s_%s', parent.name, to_char(day, 'YYYYMMDD'));
          continue when to_regclass(quote_ident(partition)) is not null;
          execute format('create table %I (like %I including all)', partition, parent.name);
          if parent.key = 'uuid'::regtype then
            execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent.name, partition,
              uuidv7_floor(day::timestamp at time zone 'UTC'), uuidv7_floor((day + 1)::timestamp at time zone 'UTC'));
          else
            execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent.name, partition,
              day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
          end if;
        end loop;
      end loop;
    end
    $$;

    -- When a task that one process does for all was last done to its end.
    create table task_run (
      task text primary key,
      finished_at timestamptz not null
    );
  `.execute(db);
}
