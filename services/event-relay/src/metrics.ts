import { epochMsOf } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import type { Backlog } from '@dialog/database/tables/outbox-cursors';
import * as outboxCursors from '@dialog/database/tables/outbox-cursors';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export function createRelayMetrics(registry: Registry) {
  const registers = [registry];
  const published = new Counter({
    name: 'dialog_relay_messages_published_total',
    help: 'Messages that JetStream has acknowledged; those that it had already are duplicates.',
    labelNames: ['result'],
    registers,
  });
  for (const result of ['stored', 'duplicate']) published.inc({ result }, 0);
  return {
    published,
    refused: new Counter({
      name: 'dialog_relay_messages_refused_total',
      help: 'Messages passed over because JetStream will never take them, or that could not be made. See outbox_refusal.',
      registers,
    }),
    latency: new Histogram({
      name: 'dialog_relay_latency_seconds',
      help: 'From a change to the acknowledgement of its last event.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600],
      registers,
    }),
    batchRows: new Histogram({
      name: 'dialog_relay_batch_rows',
      help: 'Outbox rows relayed in one turn of a lane.',
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
      registers,
    }),
    interruptions: new Counter({
      name: 'dialog_relay_interruptions_total',
      help: 'How often relaying broke off because NATS or Postgres failed.',
      registers,
    }),
  };
}
export type RelayMetrics = ReturnType<typeof createRelayMetrics>;

/**
 * How far the relays, all together, are behind. Asked of the database when somebody reads the metrics, and not where
 * events are relayed: it is needed most when nothing can be relayed.
 */
export function registerLag(registry: Registry, { db, reader }: { db: Database; reader: string }): void {
  backlogGauge('dialog_relay_lag_rows', 'Outbox rows that no relay has published yet.', (backlogs) =>
    backlogs.reduce((sum, { rows }) => sum + rows, 0),
  );
  backlogGauge(
    'dialog_relay_lag_seconds',
    'Age of the oldest outbox row that no relay has published yet.',
    (backlogs) => Math.max(0, ...backlogs.map(({ oldestAt }) => Date.now() - epochMsOf(oldestAt))) / 1_000,
  );

  function backlogGauge(name: string, help: string, measure: (backlogs: Backlog[]) => number): void {
    const gauge = new Gauge({
      name,
      help: `${help} No value while the database does not answer.`,
      registers: [registry],
      async collect() {
        try {
          gauge.set(measure(await outboxCursors.behind(db, reader)));
        } catch {
          // The health check says why. A gauge that fails would take all other metrics with it.
          gauge.reset();
        }
      },
    });
  }
}
