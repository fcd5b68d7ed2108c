import type { Timestamp } from '@dialog/contracts/timestamp';
import { sql } from 'kysely';
import type { Database } from '../open.ts';
import type { OutboxRow } from './outbox.ts';

/**
 * How the rows of a lane are divided while changes pass its backlog. Up to `notedSeq` the noted dialogs tell whether a row
 * is the backlog's or was sent ahead. Between `notedSeq` and `aheadSeq` all are the backlog's, and their dialogs are yet
 * to be noted; nothing is published meanwhile. What comes behind `aheadSeq` nobody has looked at.
 *
 * `aheadSeq` is never before the reader's cursor: what the cursor has not passed is all that must be kept of the outbox.
 */
export type Bypass = { notedSeq: number; aheadSeq: number };

const bypassColumns = ['noted_seq as notedSeq', 'ahead_seq as aheadSeq'] as const;

/** The lane's newest row, and the bypass if one is open, as they were committed last. */
export async function find(
  db: Database,
  reader: string,
  lane: number,
): Promise<{ newestSeq: number; bypass: Bypass | undefined }> {
  const { newestSeq, notedSeq, aheadSeq } = await db
    .selectFrom('lane')
    .leftJoin('outbox_bypass as bypass', (join) =>
      join.onRef('bypass.lane', '=', 'lane.id').on('bypass.reader', '=', reader),
    )
    .select(['outbox_seq as newestSeq', ...bypassColumns])
    .where('lane.id', '=', lane)
    .executeTakeFirstOrThrow();
  return { newestSeq, bypass: notedSeq === null || aheadSeq === null ? undefined : { notedSeq, aheadSeq } };
}

/** Only for who has the lane's cursor: the bypass begins there. */
export async function open(trx: Database, reader: string, lane: number, bypass: Bypass): Promise<void> {
  await trx
    .insertInto('outbox_bypass')
    .values({ reader, lane, noted_seq: bypass.notedSeq, ahead_seq: bypass.aheadSeq })
    .execute();
}

/**
 * Takes the bypass of a lane until the end of the transaction.
 *
 * @returns undefined when none is open, or another process has it
 */
export async function take(trx: Database, reader: string, lane: number): Promise<Bypass | undefined> {
  return ofLane(trx, reader, lane).forUpdate().skipLocked().executeTakeFirst();
}

/** Takes the bypass of a lane that has one, when whoever has it is done with it. */
export async function takeInTurn(trx: Database, reader: string, lane: number): Promise<Bypass> {
  return ofLane(trx, reader, lane).forUpdate().executeTakeFirstOrThrow();
}

function ofLane(trx: Database, reader: string, lane: number) {
  return trx.selectFrom('outbox_bypass').select(bypassColumns).where('reader', '=', reader).where('lane', '=', lane);
}

/** Notes the dialogs of the rows after `notedSeq` and up to another, all of which are the backlog's. */
export async function note(trx: Database, reader: string, lane: number, notedSeq: number, upTo: number): Promise<void> {
  await sql`
    insert into outbox_bypass_dialog (reader, lane, dialog_id, since_seq)
    select distinct ${reader}, ${lane}::smallint, ${dialogId} collate "C" as dialog_id, ${notedSeq}::bigint
    from outbox where lane = ${lane} and seq > ${notedSeq} and seq <= ${upTo} and ${dialogId} is not null
    order by dialog_id
    on conflict do nothing
  `.execute(trx);
}

/** `sinceSeq` is where the backlog of the row's dialog begins, where that is noted. */
export type DividedRow = OutboxRow & { sinceSeq: number | null };

/** As outbox.after, with what is noted of each row's dialog; up to `upTo`, where that is given. */
export async function after(
  trx: Database,
  reader: string,
  lane: number,
  { seq, upTo, limit }: { seq: number; upTo?: number; limit: number },
): Promise<DividedRow[]> {
  const { rows } = await sql<DividedRow>`
    select seq, change, (
      select since_seq from outbox_bypass_dialog as noted
      where noted.reader = ${reader} and noted.lane = ${lane} and noted.dialog_id = ${dialogId}
    ) as "sinceSeq"
    from outbox
    where lane = ${lane} and seq > ${seq} ${upTo === undefined ? sql`` : sql`and seq <= ${upTo}`}
    order by seq
    limit ${limit}
  `.execute(trx);
  return rows;
}

/** As text, and read without unescaping anything: a row that is not as it should be must not stop the others. */
const dialogId = sql<string>`btrim((outbox.change -> 'dialogId')::text, '"')`;

export async function update(trx: Database, reader: string, lane: number, bypass: Bypass): Promise<void> {
  await trx
    .updateTable('outbox_bypass')
    .set({ noted_seq: bypass.notedSeq, ahead_seq: bypass.aheadSeq })
    .where('reader', '=', reader)
    .where('lane', '=', lane)
    .execute();
}

/** For who has both the cursor and the bypass. The cursor goes to where the bypass was. */
export async function close(trx: Database, reader: string, lane: number): Promise<void> {
  await Promise.all([
    trx.deleteFrom('outbox_bypass_dialog').where('reader', '=', reader).where('lane', '=', lane).execute(),
    trx.deleteFrom('outbox_bypass').where('reader', '=', reader).where('lane', '=', lane).execute(),
  ]);
}

/** Lanes with a bypass. */
export async function lanes(db: Database, reader: string): Promise<number[]> {
  const open = await db.selectFrom('outbox_bypass').select('lane').where('reader', '=', reader).execute();
  return open.map(({ lane }) => lane);
}

/** What a lane does with new changes: whether they pass a backlog, and since when the oldest waits that nobody has seen. */
export type Passage = { lane: number; isBypassed: boolean; oldestAt: Timestamp | null };

/** The passage of each lane that a reader knows. */
export async function passages(db: Database, reader: string): Promise<Passage[]> {
  const { rows } = await sql<Passage>`
    select cursor.lane, bypass.lane is not null as "isBypassed", oldest.occurred_at as "oldestAt"
    from outbox_cursor as cursor
    left join outbox_bypass as bypass on bypass.reader = cursor.reader and bypass.lane = cursor.lane
    left join lateral (
      select occurred_at from outbox
      where outbox.lane = cursor.lane and outbox.seq > coalesce(bypass.ahead_seq, cursor.seq)
      order by seq limit 1
    ) as oldest on true
    where cursor.reader = ${reader}
    order by cursor.lane
  `.execute(db);
  return rows;
}
