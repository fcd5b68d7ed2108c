import { type Kysely, sql } from 'kysely';

/** What end users do to a dialog: who labelled it, and who opened it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table dialog_label_log (
      dialog_id uuid not null,
      id uuid not null,
      created_at timestamptz not null,
      name text not null,
      action text not null,
      performed_by jsonb not null,
      primary key (dialog_id, id)
    );

    create table dialog_seen_log (
      dialog_id uuid not null,
      id uuid not null,
      seen_at timestamptz not null,
      -- Who it was, apart from the name: the lists in a dialog show each end user once.
      actor_id text not null,
      seen_by jsonb not null,
      is_via_service_owner boolean not null,
      primary key (dialog_id, id)
    );
  `.execute(db);
}
