import { addMs, epochMsOf, type Timestamp, timestampOf } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import * as outbox from '@dialog/database/tables/outbox';
import * as outboxCursors from '@dialog/database/tables/outbox-cursors';
import type { HeldBack } from '@dialog/database/tables/outbox-held-back';
import * as heldBack from '@dialog/database/tables/outbox-held-back';
import * as outboxRefusals from '@dialog/database/tables/outbox-refusals';
import { inTransaction } from '@dialog/database/transaction';
import type { Logger } from '@dialog/telemetry/logger';
import { sql } from 'kysely';
import { type AltinnChange, altinnChangeOf, reader } from './altinn-events.ts';
import type { ForwarderMetrics } from './metrics.ts';
import type { Receiver } from './receiver.ts';
import { afterFailure } from './retry-pauses.ts';
import { unreadableBecause } from './unreadable.ts';

export type TurnDeps = { db: Database; receiver: Receiver; log: Logger; metrics: ForwarderMetrics };

export type TurnSettings = {
  /** Base address under which end users reach the service, without a slash at the end. */
  publicUrl: string;
  /** Rows of the outbox that a turn takes on, and again as many that were held back. */
  rowsMax: number;
  /** Dialogs of a lane whose events are on their way at the same time. */
  callsMax: number;
  /** After this no further call is begun; what is left is for the next turn. */
  turnMs: number;
  /** Rows of a lane that are held back. With more, it stands still. */
  heldRowsMax: number;
  pausesMs: readonly number[];
};

/** `nextDueAt` is when something that is held back is to be tried again. */
export type Turn = { more: boolean; nextDueAt: Timestamp | undefined };

/** While the receiver is away, a turn tries so many dialogs that wait, and so many rows that are new. */
const trialDialogs = 4;
const trialRows = 2;
/** Of one dialog in one turn, so that one with many leaves room for others. */
const heldRowsPerDialogMax = 16;

/**
 * Hands over what comes next on a lane: events of several dialogs at once, those of one dialog one after the other. Where
 * that fails, the dialog's changes are held back, and those behind them; the cursor moves on, and so do other dialogs.
 *
 * The cursor's row is locked meanwhile, so one forwarder at a time is at work on a lane. A crash repeats what was handed
 * over in the turn; the receiver knows the ids.
 *
 * @throws what Postgres fails with. Everything is where it was.
 */
export async function forwardTurn(
  deps: TurnDeps,
  settings: TurnSettings,
  lane: number,
  stopping: AbortSignal,
): Promise<Turn> {
  const { db, receiver, log, metrics } = deps;
  return inTransaction(db, async (trx) => {
    const [, cursor] = await Promise.all([
      // A crash of Postgres that sets all of it back repeats some events. See relayBatch.
      sql`set local synchronous_commit = off`.execute(trx),
      outboxCursors.take(trx, reader, lane),
    ]);
    if (cursor === undefined) return { more: false, nextDueAt: undefined };

    const isTrial = receiver.isAway();
    const { rowsMax, heldRowsMax, turnMs } = settings;
    const [held, heldCount] = await Promise.all([
      isTrial
        ? heldBack.due(trx, reader, lane, { by: heldBack.whenever, perDialogMax: 1, limit: trialDialogs })
        : heldBack.due(trx, reader, lane, { by: now(), perDialogMax: heldRowsPerDialogMax, limit: rowsMax }),
      heldBack.count(trx, reader, lane),
    ]);
    const limit = Math.min(isTrial ? trialRows : rowsMax, Math.max(0, heldRowsMax - heldCount));
    if (limit === 0) log.warn({ lane, heldCount }, 'too much is held back, the lane stands still');
    const rows = limit === 0 ? [] : await outbox.after(trx, lane, cursor, limit);

    const refused: Refused[] = [];
    const entries = [
      ...held.map((row) => readEntry(row, true)),
      ...rows.map((row) => readEntry({ ...row, ...untried() }, false)),
    ].filter((entry) => entry !== undefined);
    const fresh = entries.filter(({ wasHeld }) => !wasHeld).map(({ row }) => row.dialogId);
    const waiting = await heldBack.dialogsOf(trx, reader, lane, [...new Set(fresh)]);
    // A new row of a dialog that has older ones held back goes behind them.
    const [tried, postponed] = partition(entries, ({ row, wasHeld }) => wasHeld || !waiting.has(row.dialogId));

    const deadline = performance.now() + turnMs;
    const isOver = () => stopping.aborted || performance.now() > deadline || (!isTrial && receiver.isAway());
    const left = await forwardDialogs(tried);

    for (const { row, messageId, reason } of refused) {
      const { seq, change } = row;
      log.error({ lane, seq, messageId, reason }, 'event not forwarded');
      await outboxRefusals.insert(trx, { reader, lane, seq, messageId, refusedAt: now(), reason, change });
    }
    const stillHeld = [...left, ...postponed];
    const done = held.filter(({ seq }) => !left.some(({ row }) => row.seq === seq)).map(({ seq }) => seq);
    await heldBack.remove(trx, reader, lane, done);
    await heldBack.update(trx, reader, lane, rowsOf(stillHeld.filter(({ wasHeld }) => wasHeld)));
    await heldBack.insert(trx, reader, lane, rowsOf(stillHeld.filter(({ wasHeld }) => !wasHeld)));
    const last = rows.at(-1);
    if (last !== undefined) await outboxCursors.advance(trx, reader, lane, last.seq);
    return {
      more: rows.length === limit && limit > 0,
      nextDueAt: await heldBack.nextDueAt(trx, reader, lane),
    };

    /** Undefined for a row with nothing to forward; one that cannot be read is passed over and kept as a refusal. */
    function readEntry(row: Omit<HeldBack, 'dialogId'>, wasHeld: boolean): Entry | undefined {
      try {
        const change = altinnChangeOf(row.change, settings.publicUrl);
        const entry = { row: { ...row, dialogId: change.dialogId }, change, wasHeld };
        return change.events.length > row.passedCount ? entry : undefined;
      } catch (err) {
        refused.push({ row, messageId: '', reason: unreadableBecause(err) });
        metrics.events.inc({ result: 'refused' });
        return undefined;
      }
    }

    /** Returns what is left. */
    async function forwardDialogs(queued: readonly Entry[]): Promise<Entry[]> {
      const dialogs = Map.groupBy(queued, ({ row }) => row.dialogId).values();
      const remaining: Entry[] = [];
      const work = async () => {
        for (const queue of dialogs) remaining.push(...(await forwardDialog(queue)));
      };
      await Promise.all(Array.from({ length: settings.callsMax }, work));
      return remaining;
    }

    async function forwardDialog(queue: readonly Entry[]): Promise<Entry[]> {
      for (const [index, entry] of queue.entries()) {
        if (!(await forwardEntry(entry))) return queue.slice(index);
      }
      return [];
    }

    /** Returns whether the dialog's next change may be forwarded. */
    async function forwardEntry({ row, change }: Entry): Promise<boolean> {
      for (const event of change.events.slice(row.passedCount)) {
        if (isOver()) return false;
        const handover = await receiver.publish(row.dialogId, event.text);
        if (handover.kind === 'failed') {
          const after = failed(row, handover.reason);
          if (after === 'wait') return false;
        }
        if (handover.kind !== 'delivered') refused.push({ row, messageId: event.id, reason: handover.reason });
        else metrics.latency.observe(Math.max(0, Date.now() - epochMsOf(change.occurredAt)) / 1_000);
        Object.assign(row, untried(), { passedCount: row.passedCount + 1 });
      }
      return true;
    }

    function failed(row: HeldBack, reason: string): 'wait' | 'park' {
      // That the receiver is away is not the event's fault.
      if (!receiver.isAway()) row.attemptsCount += 1;
      row.failingSince ??= now();
      row.reason = reason;
      const after = afterFailure(settings.pausesMs, {
        attemptsCount: Math.max(1, row.attemptsCount),
        othersDelivered: receiver.hasAnsweredSince(epochMsOf(row.failingSince)),
      });
      if (after.kind === 'park') {
        metrics.events.inc({ result: 'parked' });
        return 'park';
      }
      row.dueAt = addMs(now(), after.pauseMs);
      return 'wait';
    }
  });
}

/** A change in the hands of a turn. */
type Entry = { row: HeldBack; change: AltinnChange; wasHeld: boolean };
type Refused = { row: { seq: number; change: string }; messageId: string; reason: string };

function now(): Timestamp {
  return timestampOf(Date.now());
}

function untried(): Omit<HeldBack, 'seq' | 'dialogId' | 'change'> {
  return { passedCount: 0, attemptsCount: 0, failingSince: null, reason: null, dueAt: now() };
}

function rowsOf(entries: readonly Entry[]): HeldBack[] {
  return entries.map(({ row }) => row);
}

function partition<Item>(items: readonly Item[], belongs: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(belongs), items.filter((item) => !belongs(item))];
}
