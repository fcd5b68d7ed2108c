import { epochMsOf, type Timestamp } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import * as outboxBypasses from '@dialog/database/tables/outbox-bypasses';
import * as outboxCursors from '@dialog/database/tables/outbox-cursors';
import * as heldBack from '@dialog/database/tables/outbox-held-back';
import * as outboxRefusals from '@dialog/database/tables/outbox-refusals';
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

export function createForwarderMetrics(registry: Registry) {
  const registers = [registry];
  const events = new Counter({
    name: 'dialog_forwarder_events_total',
    help: 'Attempts to hand an event over to Altinn Events, by what came of them; parked are events given up after many.',
    labelNames: ['result'],
    registers,
  });
  for (const result of ['delivered', 'failed', 'refused', 'parked']) events.inc({ result }, 0);
  return {
    events,
    calls: new Histogram({
      name: 'dialog_forwarder_call_seconds',
      help: 'How long Altinn Events takes to answer, or not to.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    latency: new Histogram({
      name: 'dialog_forwarder_latency_seconds',
      help: 'From a change to the answer of Altinn Events to an event of it.',
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300, 1_800, 3_600, 21_600, 86_400],
      registers,
    }),
    away: new Gauge({
      name: 'dialog_forwarder_receiver_away',
      help: '1 while Altinn Events fails at everything and is only tried now and then.',
      registers,
    }),
    interruptions: new Counter({
      name: 'dialog_forwarder_interruptions_total',
      help: 'How often forwarding broke off because Postgres failed.',
      registers,
    }),
  };
}
export type ForwarderMetrics = ReturnType<typeof createForwarderMetrics>;

type BacklogDeps = { db: Database; reader: string };

/**
 * How far all who share a reader's cursors are behind, lane by lane, and what they have refused. Asked of the database when
 * somebody reads the metrics, and not where events are moved: it is needed most when nothing can be moved.
 *
 * @param prefix of the metrics' names: `dialog_relay`
 */
export function registerBacklog(registry: Registry, prefix: string, { db, reader }: BacklogDeps): void {
  laneGauge(registry, `${prefix}_lag_rows`, 'Outbox rows that nobody has passed yet.', async () => {
    const backlogs = await outboxCursors.backlogs(db, reader);
    return backlogs.map(({ lane, rows }) => [lane, rows]);
  });
  laneGauge(registry, `${prefix}_lag_seconds`, 'Age of the oldest outbox row that nobody has passed yet.', async () => {
    const backlogs = await outboxCursors.backlogs(db, reader);
    return backlogs.map(({ lane, oldestAt }) => [lane, ageSeconds(oldestAt)]);
  });
  const refusals: Gauge = new Gauge({
    name: `${prefix}_refusals`,
    help: 'Events that were given up and not replayed yet; an operator reads them with dead-letters.',
    registers: [registry],
    collect: () => orNothing(refusals, async () => refusals.set(await outboxRefusals.open(db, reader))),
  });
}

/** Whether changes pass the backlog of their lane, and how long new ones wait, which the lag does not tell then. */
export function registerPassages(registry: Registry, prefix: string, { db, reader }: BacklogDeps): void {
  laneGauge(registry, `${prefix}_bypass_open`, '1 while new changes pass the backlog of the lane.', async () => {
    const passages = await outboxBypasses.passages(db, reader);
    return passages.map(({ lane, isBypassed }) => [lane, Number(isBypassed)]);
  });
  const help =
    'Age of the oldest outbox row that is not passed yet and not left to the backlog of a lane with a bypass.';
  laneGauge(registry, `${prefix}_new_lag_seconds`, help, async () => {
    const passages = await outboxBypasses.passages(db, reader);
    return passages.map(({ lane, oldestAt }) => [lane, ageSeconds(oldestAt)]);
  });
}

function ageSeconds(at: Timestamp | null): number {
  return at === null ? 0 : Math.max(0, Date.now() - epochMsOf(at)) / 1_000;
}

/** What the forwarder holds back. */
export function registerHeldBack(registry: Registry, prefix: string, { db, reader }: BacklogDeps): void {
  laneGauge(registry, `${prefix}_held_back_rows`, 'Outbox rows that wait for another attempt.', async () => [
    ...(await heldBack.counts(db, reader)),
  ]);
  laneGauge(
    registry,
    `${prefix}_held_back_seconds`,
    'Age of the oldest change that waits for another attempt.',
    async () => {
      const oldest = await heldBack.oldest(db, reader);
      return [...oldest].map(([lane, occurredAt]) => [lane, secondsSince(occurredAt)]);
    },
  );
}

function secondsSince(at: Timestamp): number {
  return Math.max(0, Date.now() - epochMsOf(at)) / 1_000;
}

function laneGauge(registry: Registry, name: string, help: string, measure: () => Promise<[number, number][]>): void {
  const gauge: Gauge = new Gauge({
    name,
    help: `${help} No value while the database does not answer.`,
    labelNames: ['lane'],
    registers: [registry],
    collect: () =>
      orNothing(gauge, async () => {
        const values = await measure();
        gauge.reset();
        for (const [lane, value] of values) gauge.set({ lane }, value);
      }),
  });
}

/** The health check says why the database does not answer. A gauge that fails would take all other metrics with it. */
async function orNothing(gauge: Gauge, collect: () => Promise<void>): Promise<void> {
  try {
    await collect();
  } catch {
    gauge.reset();
  }
}
