import { dialogChange } from '@dialog/contracts/dialog-event';
import { epochMsOf, timestampOf } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import type { OutboxRow } from '@dialog/database/tables/outbox';
import * as outbox from '@dialog/database/tables/outbox';
import * as outboxCursors from '@dialog/database/tables/outbox-cursors';
import * as outboxRefusals from '@dialog/database/tables/outbox-refusals';
import { inTransaction } from '@dialog/database/transaction';
import { type EventMessage, eventMessagesOf, type MessageSettings } from '@dialog/events/event-messages';
import type { Publisher } from '@dialog/events/publish';
import type { Logger } from '@dialog/telemetry/logger';
import { sql } from 'kysely';
import type { RelayMetrics } from './metrics.ts';
import { unreadableBecause } from './unreadable.ts';

/** Under which name the cursors of this service are kept. All relays share them. */
export const reader = 'event-relay';

export type BatchDeps = { db: Database; publisher: Publisher; log: Logger; metrics: RelayMetrics };
export type BatchSettings = MessageSettings & { batchRowsMax: number };

/**
 * Publishes what comes next on a lane and moves the lane's cursor past it.
 *
 * The cursor's row is locked meanwhile, so one relay at a time is at work on a lane. It moves after JetStream has
 * stored everything: a crash before that repeats the batch, and JetStream drops what it has already.
 *
 * @returns whether there may be more; false as well when another relay is at work on the lane
 * @throws what Postgres or NATS fail with. The cursor is where it was.
 */
export async function relayBatch(deps: BatchDeps, settings: BatchSettings, lane: number): Promise<boolean> {
  const { db, publisher, log, metrics } = deps;
  return inTransaction(db, async (trx) => {
    const [, cursor] = await Promise.all([
      // A cursor that a crash of Postgres sets back repeats some events, which JetStream drops. That is not worth a
      // write to disk that all other transactions have to share.
      sql`set local synchronous_commit = off`.execute(trx),
      outboxCursors.take(trx, reader, lane),
    ]);
    if (cursor === undefined) return false;
    const rows = await outbox.after(trx, lane, cursor, settings.batchRowsMax);
    const [first, last] = [rows[0], rows.at(-1)];
    if (first === undefined || last === undefined) return false;
    if (last.seq - cursor !== rows.length) {
      log.error({ lane, cursor, firstSeq: first.seq, lastSeq: last.seq, rows: rows.length }, 'outbox rows are missing');
    }

    const batch = rows.map((row) => readRow(row, settings));
    const { stored, duplicates, refusals } = await publisher.publish(batch.flatMap(({ messages }) => messages));
    for (const { message, reason } of refusals) {
      batch.find(({ messages }) => messages.includes(message))?.refused.push({ messageId: message.messageId, reason });
    }
    for (const { row, refused } of batch.filter((entry) => entry.refused.length > 0)) {
      for (const refusal of refused) {
        log.error({ lane, seq: row.seq, ...refusal }, 'event not delivered');
        await outboxRefusals.insert(trx, { reader, lane, ...row, refusedAt: timestampOf(Date.now()), ...refusal });
        metrics.refused.inc();
      }
    }
    await outboxCursors.advance(trx, reader, lane, last.seq);

    metrics.published.inc({ result: 'stored' }, stored);
    metrics.published.inc({ result: 'duplicate' }, duplicates);
    metrics.batchRows.observe(rows.length);
    const now = Date.now();
    for (const { occurredAtMs } of batch) {
      if (occurredAtMs !== undefined) metrics.latency.observe(Math.max(0, now - occurredAtMs) / 1_000);
    }
    return rows.length === settings.batchRowsMax;
  });
}

/** `refused` says what will not be delivered and why. */
type Entry = {
  row: OutboxRow;
  occurredAtMs?: number;
  messages: EventMessage[];
  refused: { messageId: string; reason: string }[];
};

/** A row that cannot be read would stop its lane for ever: it is passed over, and kept as a refusal of all that it holds. */
function readRow(row: OutboxRow, settings: MessageSettings): Entry {
  try {
    const change = dialogChange.parse(JSON.parse(row.change));
    const messages = eventMessagesOf(change, settings);
    return { row, occurredAtMs: epochMsOf(change.occurredAt), messages, refused: [] };
  } catch (err) {
    return { row, messages: [], refused: [{ messageId: '', reason: unreadableBecause(err) }] };
  }
}
