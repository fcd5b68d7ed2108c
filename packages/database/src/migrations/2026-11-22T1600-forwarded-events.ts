import { type Kysely, sql } from 'kysely';

/**
 * What a reader of the outbox needs whose receiver takes events one by one: it may pass the changes of one dialog that
 * wait for another try, and go on with other dialogs. And refusals event by event, which can be replayed.
 *
 * Refusals that an older relay writes after this are for all that it refused of a row, as before.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table outbox_held_back (
      reader text not null,
      lane smallint not null,
      seq bigint not null,
      dialog_id uuid not null,
      -- A copy: the outbox drops its rows after some days.
      change json not null,
      -- How many of its events are dealt with.
      passed_count integer not null,
      -- The others are those of its dialog's oldest change: what is behind that waits for it.
      attempts_count integer not null,
      failing_since timestamptz,
      reason text,
      due_at timestamptz not null,
      primary key (reader, lane, seq)
    );
    create index outbox_held_back_dialog on outbox_held_back (reader, lane, dialog_id, seq) include (due_at);

    alter table outbox_refusal
      add column id uuid not null default gen_random_uuid(),
      -- Which of the row's events or messages was refused; empty for all of them.
      add column message_id text not null default '',
      add column replay_asked_at timestamptz,
      add column replayed_at timestamptz,
      drop constraint outbox_refusal_pkey,
      add primary key (reader, lane, seq, message_id);
    create unique index outbox_refusal_id on outbox_refusal (id);
    create index outbox_refusal_replay on outbox_refusal (reader, replay_asked_at)
      where replay_asked_at is not null and replayed_at is null;
  `.execute(db);
}
