import { type Kysely, sql } from 'kysely';

/**
 * The first schema: dialogs with their children, what a lane needs, operations, and the outbox.
 *
 * Every key that holds a dialog's data begins with the dialog id, so that the tables can be hash-partitioned or
 * distributed by it. What must be unique beyond one dialog (chosen ids, idempotent keys) has a table of its own for
 * the same reason: no unique index on the dialog tables crosses dialogs.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table lane (
      id smallint primary key,
      -- Number of the lane's newest outbox row. Its row lock makes one writer per lane, whatever a worker believes.
      outbox_seq bigint not null default 0
    );

    create table dialog (
      id uuid primary key,
      org text not null,
      party text not null,
      service_resource text not null,
      service_resource_type text not null,
      idempotent_key text,
      revision uuid not null,
      status text not null,
      progress smallint,
      extended_status text,
      external_reference text,
      process text,
      preceding_process text,
      is_api_only boolean not null,
      due_at timestamptz,
      expires_at timestamptz,
      visible_from timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      content_updated_at timestamptz not null,
      deleted_at timestamptz,
      frozen boolean not null,
      content jsonb,
      attachments jsonb not null,
      gui_actions jsonb not null,
      api_actions jsonb not null,
      search_tags text[] not null,
      system_labels text[] not null,
      end_user_context_revision uuid not null,
      service_owner_labels text[] not null,
      service_owner_context_revision uuid not null,
      content_seen boolean not null,
      -- Counters, so that adding a child never reads its siblings.
      from_service_owner_transmissions_count integer not null,
      from_party_transmissions_count integer not null,
      unopened_transmissions_count integer not null,
      contentless_transmissions_count integer not null,
      correspondence_opened boolean not null
    );

    create table dialog_transmission (
      dialog_id uuid not null,
      id uuid not null,
      created_at timestamptz not null,
      type text not null,
      extended_type text,
      idempotent_key text,
      authorization_attribute text,
      external_reference text,
      related_transmission_id uuid,
      -- 1 for a root, and how many direct replies it has: what the hierarchy limits need of a parent.
      depth smallint not null,
      replies_count smallint not null,
      opened boolean not null,
      sender jsonb not null,
      content jsonb,
      attachments jsonb not null,
      navigational_actions jsonb not null,
      primary key (dialog_id, id)
    );
    create unique index dialog_transmission_idempotent_key
      on dialog_transmission (dialog_id, idempotent_key) where idempotent_key is not null;

    create table dialog_activity (
      dialog_id uuid not null,
      id uuid not null,
      created_at timestamptz not null,
      type text not null,
      extended_type text,
      transmission_id uuid,
      performed_by jsonb not null,
      description jsonb,
      primary key (dialog_id, id)
    );

    -- Ids that callers chose for transmissions, activities, attachments, urls and actions: taken in the whole service.
    create table chosen_id (
      id uuid primary key,
      dialog_id uuid not null
    );
    create index chosen_id_dialog on chosen_id (dialog_id);

    create table dialog_idempotent_key (
      org text not null,
      idempotent_key text not null,
      dialog_id uuid not null,
      primary key (org, idempotent_key)
    );

    -- Partitioned by the time in the UUIDv7 of its id: a look-up by id touches one partition, retention drops whole ones.
    create table operation (
      id uuid primary key,
      org text not null,
      dialog_id uuid not null,
      kind text not null,
      status text not null,
      revision uuid,
      problem jsonb,
      received_at timestamptz not null,
      ended_at timestamptz not null
    ) partition by range (id);

    create table outbox (
      lane smallint not null,
      seq bigint not null,
      occurred_at timestamptz not null,
      -- dialogChange of the contracts.
      change json not null,
      primary key (lane, seq, occurred_at)
    ) partition by range (occurred_at);

    -- How far each reader of the outbox has come. Apart from lane, whose rows the writers keep locked.
    create table outbox_cursor (
      reader text not null,
      lane smallint not null,
      seq bigint not null default 0,
      primary key (reader, lane)
    );

    create table dead_letter (
      id uuid primary key,
      lane smallint not null,
      failed_at timestamptz not null,
      error text not null,
      -- JSON as text, not jsonb: what Postgres cannot read as jsonb must still be kept.
      command text not null,
      replayed_as uuid
    );

    -- The smallest UUIDv7 of a moment.
    create function uuidv7_floor(at timestamptz) returns uuid language sql immutable strict
      return (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid;

    -- Creates the daily partitions of operation and outbox from one day to another. Safe to call again and by many.
    create function ensure_partitions(first date, last date) returns void language plpgsql
      -- Services have no right to create tables; this is the one way they need.
      security definer set search_path = public, pg_temp as $$
    declare
      day date;
    begin
      perform pg_advisory_xact_lock(hashtext('ensure_partitions'));
      for day in select generate_series(first, last, interval '1 day')::date loop
        if to_regclass(format('operation_%s', to_char(day, 'YYYYMMDD'))) is null then
          execute format('create table %I partition of operation for values from (%L) to (%L)',
            'operation_' || to_char(day, 'YYYYMMDD'),
            uuidv7_floor(day::timestamp at time zone 'UTC'), uuidv7_floor((day + 1)::timestamp at time zone 'UTC'));
        end if;
        if to_regclass(format('outbox_%s', to_char(day, 'YYYYMMDD'))) is null then
          execute format('create table %I partition of outbox for values from (%L) to (%L)',
            'outbox_' || to_char(day, 'YYYYMMDD'),
            day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
        end if;
      end loop;
    end
    $$;
  `.execute(db);
}
