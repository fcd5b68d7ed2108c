import type { Database } from '@dialog/database/open';
import * as outbox from '@dialog/database/tables/outbox';
import type { Bypass } from '@dialog/database/tables/outbox-bypasses';
import * as outboxBypasses from '@dialog/database/tables/outbox-bypasses';
import * as outboxCursors from '@dialog/database/tables/outbox-cursors';
import { inTransaction } from '@dialog/database/transaction';
import type { MessageSettings } from '@dialog/events/event-messages';
import { sql } from 'kysely';
import { type BypassSettings, bypassFrom, isNoting, isOfBacklog, mayMeet } from './bypass.ts';
import { type DeliveryDeps, deliver, reader } from './deliver.ts';

export type BatchDeps = DeliveryDeps & { db: Database };
export type BatchSettings = MessageSettings & BypassSettings;

/** Whether there may be more on the lane, and whether it has a bypass, so that relayAhead is to have turns as well. */
export type BatchEnd = { more: boolean; isBypassed: boolean };

/**
 * Publishes what comes next on a lane and moves the lane's cursor past it. On a lane that has a bypass that is the
 * backlog; one that needs a bypass gets it.
 *
 * The cursor's row is locked meanwhile, so one relay at a time is at work on a lane. It moves after JetStream has
 * stored everything: a crash before that repeats the batch, and JetStream drops what it has already.
 *
 * @returns `more` is false as well when another relay is at work on the lane, or what is in its backlog is yet to be noted
 * @throws what Postgres or NATS fail with. The cursor is where it was.
 */
export async function relayBatch(deps: BatchDeps, settings: BatchSettings, lane: number): Promise<BatchEnd> {
  return inTransaction(deps.db, async (trx) => {
    const [cursor, { newestSeq, bypass }] = await Promise.all([
      outboxCursors.take(trx, reader, lane),
      // Told after the cursor is taken: only who has it opens and closes a bypass.
      outboxBypasses.find(trx, reader, lane),
    ]);
    if (cursor === undefined) return { more: false, isBypassed: bypass !== undefined };
    if (bypass !== undefined) return relayBacklog(trx, deps, settings, { lane, cursor, bypass });

    const opened = bypassFrom(cursor, newestSeq, settings);
    if (opened !== undefined) {
      // Committed before anything is sent ahead, and to disk: a crash that forgot it would have the backlog repeat that.
      await outboxBypasses.open(trx, reader, lane, opened);
      deps.log.info({ lane, rows: newestSeq - cursor }, 'lane is behind, new changes shall pass its backlog');
      return { more: true, isBypassed: true };
    }
    const [rows] = await Promise.all([outbox.after(trx, lane, cursor, settings.batchRowsMax), flushLater(trx)]);
    const last = rows.at(-1);
    if (last === undefined) return { more: false, isBypassed: false };
    reportMissing(deps, lane, cursor, rows);
    await deliver(trx, deps, settings, lane, rows);
    await outboxCursors.advance(trx, reader, lane, last.seq);
    return { more: rows.length === settings.batchRowsMax, isBypassed: false };
  });
}

/** Goes on with the backlog, up to where the turn ahead is; when there is nothing left between them, that was it. */
async function relayBacklog(
  trx: Database,
  deps: BatchDeps,
  settings: BatchSettings,
  { lane, cursor, ...found }: { lane: number; cursor: number; bypass: Bypass },
): Promise<BatchEnd> {
  const mayBeLast = mayMeet(cursor, found.bypass, settings);
  // The turn ahead never waits for the cursor, so that nobody waits in a circle.
  const bypass = mayBeLast ? await outboxBypasses.takeInTurn(trx, reader, lane) : found.bypass;
  // The poll finds the lane again.
  if (isNoting(bypass)) return { more: false, isBypassed: true };
  const limit = settings.batchRowsMax;
  const [rows] = await Promise.all([
    outboxBypasses.after(trx, reader, lane, { seq: cursor, upTo: bypass.aheadSeq, limit }),
    flushLater(trx),
  ]);
  reportMissing(deps, lane, cursor, rows);
  const backlog = rows.filter(isOfBacklog);
  await deliver(trx, deps, settings, lane, backlog);
  const passedSeq = Math.max(cursor, rows.length < limit ? bypass.aheadSeq : (rows.at(-1)?.seq ?? cursor));
  await outboxCursors.advance(trx, reader, lane, passedSeq);
  if (!mayBeLast || passedSeq < bypass.aheadSeq) return { more: true, isBypassed: true };

  await outboxBypasses.close(trx, reader, lane);
  deps.log.info({ lane }, 'backlog of the lane is worked off');
  return { more: true, isBypassed: false };
}

/**
 * Lets a commit return before it is on disk. A cursor that a crash of Postgres sets back repeats some events, which
 * JetStream drops. That is not worth a write to disk that all other transactions have to share.
 */
async function flushLater(trx: Database): Promise<void> {
  await sql`set local synchronous_commit = off`.execute(trx);
}

function reportMissing({ log }: BatchDeps, lane: number, cursor: number, rows: readonly { seq: number }[]): void {
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined || last.seq - cursor === rows.length) return;
  log.error({ lane, cursor, firstSeq: first.seq, lastSeq: last.seq, rows: rows.length }, 'outbox rows are missing');
}
