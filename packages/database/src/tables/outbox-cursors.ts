import type { Timestamp } from '@dialog/contracts/timestamp';
import { sql } from 'kysely';
import type { Database } from '../open.ts';

/**
 * Makes sure that a reader has a cursor for every lane. New cursors begin before the first row. Those that are there are
 * left out: an insert that finds its row waits for whoever is just changing it.
 */
export async function ensure(db: Database, reader: string): Promise<void> {
  await sql`
    insert into outbox_cursor (reader, lane)
    select ${reader}, id from lane
    where not exists (select from outbox_cursor as known where known.reader = ${reader} and known.lane = lane.id)
    on conflict do nothing
  `.execute(db);
}

/**
 * Gives a reader that has never been there a cursor for every lane, behind the newest row: it is for what comes from now
 * on. Lanes that come up later it reads from their first row on.
 */
export async function beginAtEnd(db: Database, reader: string): Promise<void> {
  await sql`
    insert into outbox_cursor (reader, lane, seq)
    select ${reader}, id, outbox_seq from lane
    where not exists (select from outbox_cursor as known where known.reader = ${reader})
    on conflict do nothing
  `.execute(db);
}

/** What a reader has not passed yet of one lane: how many rows, and when the oldest of them was written. */
export type Backlog = { lane: number; rows: number; oldestAt: Timestamp };

/** What a reader has not passed of each lane; `oldestAt` is null where that is nothing. */
export async function backlogs(
  db: Database,
  reader: string,
): Promise<(Omit<Backlog, 'oldestAt'> & { oldestAt: Timestamp | null })[]> {
  const [known, waiting] = await Promise.all([
    db.selectFrom('outbox_cursor').select('lane').where('reader', '=', reader).orderBy('lane').execute(),
    behind(db, reader),
  ]);
  const byLane = new Map(waiting.map((backlog) => [backlog.lane, backlog]));
  return known.map(({ lane }) => byLane.get(lane) ?? { lane, rows: 0, oldestAt: null });
}

/** Lanes that hold rows which a reader has not passed yet, the one that waits longest first. */
export async function behind(db: Database, reader: string): Promise<Backlog[]> {
  const { rows } = await sql<Backlog>`
    select lane.id as lane, lane.outbox_seq - cursor.seq as rows, oldest.occurred_at as "oldestAt"
    from lane
    join outbox_cursor as cursor on cursor.lane = lane.id and cursor.reader = ${reader}
    cross join lateral (
      select occurred_at from outbox where outbox.lane = lane.id and outbox.seq > cursor.seq order by seq limit 1
    ) as oldest
    where lane.outbox_seq > cursor.seq
    order by oldest.occurred_at
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

/** Reads the outbox in every installation, also where it has not been started yet. */
const relay = 'event-relay';

/**
 * The readers that have not passed everything in a partition of the outbox: by the relay, and each other one that has a
 * cursor, every lane has to be read to its last row there. A reader without a cursor for a lane has read none of it.
 */
export async function readersBehind(db: Database, partition: string): Promise<string[]> {
  const { rows } = await sql<{ reader: string }>`
    with reader as (select reader from outbox_cursor union select ${relay}::text)
    select distinct reader.reader
    from reader
    cross join lane
    cross join lateral (
      select seq from ${sql.table(partition)} as written where written.lane = lane.id order by seq desc limit 1
    ) as newest
    left join outbox_cursor as cursor on cursor.reader = reader.reader and cursor.lane = lane.id
    where coalesce(cursor.seq, 0) < newest.seq
    order by reader
  `.execute(db);
  return rows.map(({ reader }) => reader);
}
