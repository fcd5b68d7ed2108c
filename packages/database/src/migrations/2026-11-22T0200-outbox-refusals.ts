import { type Kysely, sql } from 'kysely';

/** What a reader of the outbox could not deliver for a reason in the row itself. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table outbox_refusal (
      reader text not null,
      lane smallint not null,
      seq bigint not null,
      refused_at timestamptz not null,
      reason text not null,
      -- A copy: the outbox drops its rows after some days.
      change json not null,
      primary key (reader, lane, seq)
    );
  `.execute(db);
}
