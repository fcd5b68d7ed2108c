import type { Timestamp } from '@dialog/contracts/timestamp';
import { sql } from 'kysely';
import type { Database } from '../open.ts';
import { insertRows, updateRows } from '../rows.ts';

/**
 * A row of the outbox that a reader has passed and not delivered yet: its receiver failed at it, or at an older one of the
 * same dialog.
 */
export type HeldBack = {
  seq: number;
  dialogId: string;
  /** The row's JSON, unparsed. */
  change: string;
  /** How many of its events are dealt with. */
  passedCount: number;
  /** How often the event behind those has failed, and since when. */
  attemptsCount: number;
  failingSince: Timestamp | null;
  reason: string | null;
  /** When it is tried again. Of a dialog's rows the oldest decides. */
  dueAt: Timestamp;
};

/** A time that all others are before: see {@link due}. */
export const whenever = sql`'infinity'::timestamptz`;

/**
 * Rows of dialogs whose oldest row is due at a time, each dialog's in order and from its oldest on, the dialog first that
 * is due first. At most `perDialogMax` of each dialog and `limit` altogether: one dialog with many does not keep others
 * out.
 */
export async function due(
  trx: Database,
  reader: string,
  lane: number,
  { by, perDialogMax, limit }: { by: Timestamp | typeof whenever; perDialogMax: number; limit: number },
): Promise<HeldBack[]> {
  const { rows } = await sql<HeldBack>`
    with placed as (
      select seq, dialog_id, row_number() over dialogs as place, first_value(due_at) over dialogs as dialog_due_at
      from outbox_held_back
      where reader = ${reader} and lane = ${lane}
      window dialogs as (partition by dialog_id order by seq)
    ), chosen as (
      select * from placed
      where place <= ${perDialogMax} and dialog_due_at <= ${by}
      order by dialog_due_at, dialog_id, place
      limit ${limit}
    )
    select held.seq, held.dialog_id as "dialogId", change, passed_count as "passedCount",
      attempts_count as "attemptsCount", failing_since as "failingSince", reason, due_at as "dueAt"
    from chosen
    join outbox_held_back as held on held.reader = ${reader} and held.lane = ${lane} and held.seq = chosen.seq
    order by dialog_due_at, chosen.dialog_id, place
  `.execute(trx);
  return rows;
}

/** Lanes with a dialog that is due at a time. */
export async function lanesDue(db: Database, reader: string, by: Timestamp | typeof whenever): Promise<number[]> {
  const { rows } = await sql<{ lane: number }>`
    select distinct lane from (
      select distinct on (lane, dialog_id) lane, due_at
      from outbox_held_back where reader = ${reader} order by lane, dialog_id, seq
    ) as oldest where due_at <= ${by}
    order by lane
  `.execute(db);
  return rows.map(({ lane }) => lane);
}

/** When the next dialog of a lane is due; undefined when it holds none back. */
export async function nextDueAt(trx: Database, reader: string, lane: number): Promise<Timestamp | undefined> {
  const { rows } = await sql<{ dueAt: Timestamp | null }>`
    select min(due_at) as "dueAt" from (
      select distinct on (dialog_id) due_at
      from outbox_held_back where reader = ${reader} and lane = ${lane} order by dialog_id, seq
    ) as oldest
  `.execute(trx);
  return rows[0]?.dueAt ?? undefined;
}

/** Which of these dialogs have rows that are held back. */
export async function dialogsOf(
  trx: Database,
  reader: string,
  lane: number,
  dialogIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (dialogIds.length === 0) return new Set();
  const rows = await trx
    .selectFrom('outbox_held_back')
    .select('dialog_id')
    .distinct()
    .where('reader', '=', reader)
    .where('lane', '=', lane)
    .where(sql<boolean>`dialog_id = any(${dialogIds}::uuid[])`)
    .execute();
  return new Set(rows.map(({ dialog_id }) => dialog_id));
}

/** How many rows of each lane are held back, for lanes that have any. */
export async function counts(db: Database, reader: string): Promise<ReadonlyMap<number, number>> {
  const rows = await db
    .selectFrom('outbox_held_back')
    .select(['lane', ({ fn }) => fn.countAll<number>().as('count')])
    .where('reader', '=', reader)
    .groupBy('lane')
    .execute();
  return new Map(rows.map(({ lane, count }) => [lane, count]));
}

/** When the oldest change was made that is held back of each lane, for lanes that hold any. */
export async function oldest(db: Database, reader: string): Promise<ReadonlyMap<number, Timestamp>> {
  const { rows } = await sql<{ lane: number; occurredAt: Timestamp }>`
    select lane.id as lane, (first.change ->> 'occurredAt')::timestamptz as "occurredAt"
    from lane
    cross join lateral (
      select change from outbox_held_back where reader = ${reader} and lane = lane.id order by seq limit 1
    ) as first
  `.execute(db);
  return new Map(rows.map(({ lane, occurredAt }) => [lane, occurredAt]));
}

export async function count(trx: Database, reader: string, lane: number): Promise<number> {
  const row = await trx
    .selectFrom('outbox_held_back')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('reader', '=', reader)
    .where('lane', '=', lane)
    .executeTakeFirstOrThrow();
  return row.count;
}

type Held = Readonly<HeldBack>;

export async function insert(trx: Database, reader: string, lane: number, held: readonly Held[]): Promise<void> {
  await insertRows(
    trx,
    'outbox_held_back',
    held.map((row) => ({ ...stateOf(reader, lane, row), dialog_id: row.dialogId, change: JSON.parse(row.change) })),
  );
}

/** Sets what changes with an attempt. */
export async function update(trx: Database, reader: string, lane: number, held: readonly Held[]): Promise<void> {
  const rows = held.map((row) => stateOf(reader, lane, row));
  await updateRows(trx, 'outbox_held_back', ['reader', 'lane', 'seq'], rows);
}

function stateOf(reader: string, lane: number, row: Held) {
  return {
    ...{ reader, lane, seq: row.seq },
    ...{ passed_count: row.passedCount, attempts_count: row.attemptsCount },
    ...{ failing_since: row.failingSince, reason: row.reason, due_at: row.dueAt },
  };
}

export async function remove(trx: Database, reader: string, lane: number, seqs: readonly number[]): Promise<void> {
  if (seqs.length === 0) return;
  await trx
    .deleteFrom('outbox_held_back')
    .where('reader', '=', reader)
    .where('lane', '=', lane)
    .where(sql<boolean>`seq = any(${seqs}::bigint[])`)
    .execute();
}

/** Makes everything due that waits for later: the receiver is back. */
export async function makeDue(db: Database, reader: string, at: Timestamp): Promise<void> {
  await db
    .updateTable('outbox_held_back')
    .set({ due_at: at })
    .where('reader', '=', reader)
    .where('due_at', '>', at)
    .execute();
}
