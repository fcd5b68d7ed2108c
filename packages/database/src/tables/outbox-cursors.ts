import { sql } from 'kysely';
import type { Database } from '../open.ts';

/** Makes sure that a reader has a cursor for every lane. New cursors begin before the first row. */
export async function ensure(db: Database, reader: string): Promise<void> {
  await sql`
    insert into outbox_cursor (reader, lane) select ${reader}, id from lane on conflict do nothing
  `.execute(db);
}

/** Lanes that hold rows which a reader has not passed yet, with how many, oldest cursor first. */
export async function behind(db: Database, reader: string): Promise<{ lane: number; rows: number }[]> {
  const { rows } = await sql<{ lane: number; rows: number }>`
    select lane.id as lane, lane.outbox_seq - cursor.seq as rows
    from lane join outbox_cursor as cursor on cursor.lane = lane.id and cursor.reader = ${reader}
    where lane.outbox_seq > cursor.seq
    order by lane.outbox_seq - cursor.seq desc
  `.execute(db);
  return rows;
}

/**
 * Takes a reader's cursor of one lane until the end of the transaction, and tells how far it is.
 *
 * @returns undefined when another process holds it: it is at work on this lane, and nothing is to be done
 */
export async function take(trx: Database, reader: string, lane: number): Promise<number | undefined> {
  const cursor = await trx
    .selectFrom('outbox_cursor')
    .select('seq')
    .where('reader', '=', reader)
    .where('lane', '=', lane)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
  return cursor?.seq;
}

/** Call after everything up to `seq` has been delivered. A crash before it repeats, never loses. */
export async function advance(trx: Database, reader: string, lane: number, seq: number): Promise<void> {
  await trx.updateTable('outbox_cursor').set({ seq }).where('reader', '=', reader).where('lane', '=', lane).execute();
}
