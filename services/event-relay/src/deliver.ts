import { dialogChange } from '@dialog/contracts/dialog-event';
import { epochMsOf, timestampOf } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import type { OutboxRow } from '@dialog/database/tables/outbox';
import * as outboxRefusals from '@dialog/database/tables/outbox-refusals';
import { type EventMessage, eventMessagesOf, type MessageSettings } from '@dialog/events/event-messages';
import type { Publisher } from '@dialog/events/publish';
import type { Logger } from '@dialog/telemetry/logger';
import type { RelayMetrics } from './metrics.ts';
import { unreadableBecause } from './unreadable.ts';

/** Under which name the cursors of this service are kept. All relays share them. */
export const reader = 'event-relay';

export type DeliveryDeps = { publisher: Publisher; log: Logger; metrics: RelayMetrics };

/**
 * Publishes rows of a lane in the order given, and keeps as refusals what cannot be delivered.
 *
 * @returns when JetStream has stored everything else
 * @throws what Postgres or NATS fail with. Some of the rows may be published; publish all of them again, in order.
 */
export async function deliver(
  trx: Database,
  deps: DeliveryDeps,
  settings: MessageSettings,
  lane: number,
  rows: readonly OutboxRow[],
): Promise<void> {
  const { publisher, log, metrics } = deps;
  const batch = rows.map((row) => readRow(row, settings));
  const { stored, duplicates, refusals } = await publisher.publish(batch.flatMap(({ messages }) => messages));
  for (const { message, reason } of refusals) {
    batch.find(({ messages }) => messages.includes(message))?.refused.push({ messageId: message.messageId, reason });
  }
  for (const { row, refused } of batch.filter((entry) => entry.refused.length > 0)) {
    const { seq, change } = row;
    for (const refusal of refused) {
      log.error({ lane, seq, ...refusal }, 'event not delivered');
      const refusedAt = timestampOf(Date.now());
      await outboxRefusals.insert(trx, { reader, lane, seq, change, refusedAt, ...refusal });
      metrics.refused.inc();
    }
  }
  metrics.published.inc({ result: 'stored' }, stored);
  metrics.published.inc({ result: 'duplicate' }, duplicates);
  metrics.batchRows.observe(rows.length);
  const now = Date.now();
  for (const { occurredAtMs } of batch) {
    if (occurredAtMs !== undefined) metrics.latency.observe(Math.max(0, now - occurredAtMs) / 1_000);
  }
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
