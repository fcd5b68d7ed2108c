import { type Kysely, sql } from 'kysely';

/** The last visits of one end user, and of each one, however many there have been. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index dialog_seen_log_actor on dialog_seen_log (dialog_id, actor_id, seen_at desc, id desc)`.execute(
    db,
  );
}
