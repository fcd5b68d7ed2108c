import { type Kysely, sql } from 'kysely';

/** What the authorization-workers have to remember together: how far each of their rounds is, and which policies changed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- When we last heard that the registry changed the policy. What was asked for before that counts as out of date.
    alter table resource_policy add column changed_at timestamptz;

    create table authorization_round (
      name text primary key,
      -- When a worker last took its turn; the others then leave it alone for a while.
      taken_at timestamptz not null,
      -- How far it is; null at the beginning.
      position text,
      -- When it last came to its end.
      finished_at timestamptz
    );
  `.execute(db);
}
