import { type Kysely, sql } from 'kysely';

/**
 * What a dialog goes on telling of unopened content after a transmission was moved to the other side.
 * Null, as in all dialogs so far, means that it tells what its counters say; a worker that does not know the column
 * leaves it at that.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table dialog add column unopened_content_override boolean`.execute(db);
}
