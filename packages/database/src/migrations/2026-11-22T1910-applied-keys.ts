import { type Kysely, sql } from 'kysely';

/**
 * Idempotent keys of changes that were applied, and how such a change ended, for callers that send it again. Old workers
 * neither read nor write them, and leave envelopes with such keys to new ones.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- Partitioned as operation, so that a key counts for as long as its partition is kept. A look-up asks all of them; what
    -- makes keys unique is that a dialog has one writer at a time.
    create table applied_key (
      dialog_id uuid not null,
      idempotent_key text not null,
      org text not null,
      operation_id uuid not null,
      revision uuid not null,
      -- The transmission or activity that was made.
      created_id uuid,
      primary key (dialog_id, idempotent_key, org, operation_id)
    ) partition by range (operation_id);

    alter table operation
      -- Whether the key of the command had been applied before; then the rest is as it was at that time.
      add column repeated boolean,
      -- Of a repeated command: the transmission or activity that was made at that time.
      add column created_id uuid;
  `.execute(db);
}
