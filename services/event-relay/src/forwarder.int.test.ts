import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { timestampOf } from '@dialog/contracts/timestamp';
import * as outboxRefusals from '@dialog/database/tables/outbox-refusals';
import { freePort } from '@dialog/local/free-port';
import { parseConfig } from '@dialog/telemetry/config';
import { createLogger } from '@dialog/telemetry/logger';
import { createMetrics } from '@dialog/telemetry/metrics';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { reader } from './altinn-events.ts';
import { relayConfig } from './config.ts';
import { openForwarder } from './open-forwarder.ts';
import { type AltinnSink, forwardedOf, openAltinnSink } from './testing/altinn-sink.ts';
import {
  createOutboxWriter,
  dialogIdsOf,
  dialogsOfLanes,
  laneCount,
  type OutboxWriter,
} from './testing/outbox-writer.ts';
import { metricIn, openRelayFixture, type RelayFixture } from './testing/relay-fixture.ts';

let fixture: RelayFixture;
let sink: AltinnSink;
let forwarder: Opened | undefined;

beforeAll(async () => {
  [fixture, sink] = await Promise.all([openRelayFixture(), openAltinnSink()]);
});
beforeEach(() => Promise.all([fixture.reset(), sink.reset()]));
afterEach(async () => {
  await forwarder?.close();
  forwarder = undefined;
});
afterAll(() => Promise.all([fixture.close(), sink.close()]));

/** A forwarder as main.ts opens it; cursors begin before the first row. */
function open(own: Record<string, string> = {}): Opened {
  const config = parseConfig(relayConfig, { ...fixture.env, ...sink.env, ...own });
  if (config.forwarder === undefined) throw new Error('Forwarding is switched off.');
  const log: string[] = [];
  const logger = createLogger('event-relay', 'info', { write: (line) => log.push(line) });
  const registry = createMetrics('event-relay');
  const opened = openForwarder(config.databaseUrl, config.forwarder, { log: logger, registry });
  forwarder = {
    ...opened,
    log,
    metric: (name, labels) => metricIn(registry, name, labels),
    ready: () => vi.waitFor(() => opened.check(), { timeout: 15_000, interval: 10 }),
  };
  return forwarder;
}
type Opened = ReturnType<typeof openForwarder> & {
  log: string[];
  metric(name: string, labels?: Record<string, string>): Promise<number>;
  ready(): Promise<void>;
};

async function untilForwarded(writer: OutboxWriter): Promise<void> {
  await sink.until([...forwardedOf(writer).values()].flat().length);
}

async function heldBackRows(): Promise<number> {
  return (await sql<{ count: number }>`select count(*) from outbox_held_back`.execute(fixture.db)).rows[0]?.count ?? 0;
}

/** A receiver of the test's own, that answers what it is told for a dialog. */
async function openReceiver(answer: (dialogId: string, id: string) => number | Promise<number>) {
  const received = new Map<string, string[]>();
  let atOnce = 0;
  let atOnceMax = 0;

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    atOnce += 1;
    atOnceMax = Math.max(atOnceMax, atOnce);
    const { id, resourceinstance: dialogId } = cloudEvent.parse(await json(request));
    // As long as a quick receiver takes.
    await delay(2);
    const status = await answer(dialogId, id);
    if (status < 300) received.set(dialogId, [...(received.get(dialogId) ?? []), id]);
    atOnce -= 1;
    response.writeHead(status).end();
  }

  const server = createServer((request, response) => void take(request, response));
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close().closeAllConnections());
  return {
    env: { ALTINN_EVENTS_URL: `http://127.0.0.1:${port}`, ALTINN_PLATFORM_URL: sink.baseUrl },
    received,
    count: () => [...received.values()].flat().length,
    atOnce: () => atOnce,
    atOnceMax: () => atOnceMax,
  };
}

const cloudEvent = z.object({ id: z.string(), resourceinstance: z.string() });

describe('forwarding', () => {
  it('hands over each event once, those of a dialog in order, and leaves nothing behind', async () => {
    const { ready, metric } = open({ FORWARD_ROWS_MAX: '16' });
    await ready();
    const writer = createOutboxWriter(fixture.db);
    await writer.writeOnAllLanes(dialogsOfLanes(5), 10);
    await untilForwarded(writer);
    await vi.waitFor(async () => expect(await metric('dialog_forwarder_lag_rows')).toBe(0), 5_000);
    expect(await sink.events()).toEqual(forwardedOf(writer));
    expect(await metric('dialog_forwarder_events_total', { result: 'delivered' })).toBe(laneCount * 5 * 10 * 2);
    expect(await heldBackRows()).toBe(0);
  });

  it('begins with what comes after it is switched on, and goes on from there when it starts again', async () => {
    const before = createOutboxWriter(fixture.db);
    await before.write(0, dialogIdsOf(3));
    const first = open();
    await first.ready();
    await first.close();
    const writer = createOutboxWriter(fixture.db);
    await writer.write(0, dialogIdsOf(2));
    open();
    await untilForwarded(writer);
    expect(await sink.events()).toEqual(forwardedOf(writer));
  });

  it('says nothing to Altinn of what a date has brought about', async () => {
    const { ready } = open();
    await ready();
    const writer = createOutboxWriter(fixture.db);
    const expired = createOutboxWriter(fixture.db);
    const id = '019cf0a2-6d5e-7000-8000-000000000001';
    await expired.write(0, dialogIdsOf(1), { events: [{ id, audiences: ['party'], type: 'DialogExpired' }] });
    await writer.write(0, dialogIdsOf(1));
    await untilForwarded(writer);
    expect(await sink.events()).toEqual(forwardedOf(writer));
  });

  it('hands over many dialogs at once, but no more than it may', async () => {
    const receiver = await openReceiver(() => 200);
    const { ready } = open({ ...receiver.env, FORWARD_CALLS_PER_LANE_MAX: '3', FORWARD_LANES_AT_ONCE_MAX: '2' });
    await ready();
    const writer = createOutboxWriter(fixture.db);
    await writer.writeOnAllLanes(dialogsOfLanes(20), 3);
    await vi.waitFor(() => expect(receiver.received).toEqual(forwardedOf(writer)), 20_000);
    expect(receiver.atOnceMax()).toBeGreaterThan(1);
    expect(receiver.atOnceMax()).toBeLessThanOrEqual(6);
  });
});

describe('a receiver that fails', () => {
  it('a few times: each event arrives once, in order', async () => {
    const { ready, metric } = open();
    await ready();
    await sink.fail({ status: 503, times: 7 });
    const writer = createOutboxWriter(fixture.db);
    await writer.writeOnAllLanes(dialogsOfLanes(3), 4);
    await untilForwarded(writer);
    expect(await sink.events()).toEqual(forwardedOf(writer));
    expect(await metric('dialog_forwarder_events_total', { result: 'failed' })).toBe(7);
    await vi.waitFor(async () => expect(await heldBackRows()).toBe(0), 5_000);
  });

  it('at one dialog: the others go on, its own events wait in order', async () => {
    const [bad = '', ...good] = dialogIdsOf(4);
    let isMended = false;
    const receiver = await openReceiver((dialogId) => (dialogId === bad && !isMended ? 500 : 200));
    const { ready, metric } = open({
      ...receiver.env,
      FORWARD_REDELIVERY_PAUSES_MS: '60000',
      FORWARD_RETRY_PAUSES_MS: '50',
    });
    await ready();
    const writer = createOutboxWriter(fixture.db);
    const writtenFrom = Date.now();
    for (let times = 0; times < 5; times += 1) await writer.write(1, [bad, ...good]);
    const expected = forwardedOf(writer);
    await vi.waitFor(() => expect(receiver.count()).toBe(3 * 5 * 2), 10_000);
    await vi.waitFor(async () => expect(await metric('dialog_forwarder_held_back_rows')).toBe(5), 5_000);
    const age = (Date.now() - writtenFrom) / 1_000;
    const heldSeconds = await metric('dialog_forwarder_held_back_seconds');
    expect(heldSeconds).toBeGreaterThan(0);
    expect(heldSeconds).toBeLessThanOrEqual(age + 1);
    expect(receiver.received.has(bad)).toBe(false);

    isMended = true;
    await sql`update outbox_held_back set due_at = now()`.execute(fixture.db);
    await vi.waitFor(() => expect(receiver.received).toEqual(expected), 10_000);
    await vi.waitFor(async () => expect(await heldBackRows()).toBe(0), 5_000);
  });

  it('altogether, for long: nothing is read on, nothing is given up, and all of it arrives in order', async () => {
    const { ready, metric, check, log } = open({ FORWARD_ROWS_MAX: '20' });
    await ready();
    await sink.fail({ status: 503 });
    const writer = createOutboxWriter(fixture.db);
    const dialogs = dialogsOfLanes(5);
    await writer.writeOnAllLanes(dialogs, 20);
    await vi.waitFor(() => expect(check()).rejects.toThrow('fails at everything'), 10_000);
    const calls = await sink.calls();
    // Far more attempts than an event may have.
    await vi.waitFor(async () => expect(await sink.calls()).toBeGreaterThan(calls + 30), 30_000);
    expect(await metric('dialog_forwarder_receiver_away')).toBe(1);
    // A batch of each lane, and a few rows for each trial.
    expect(await heldBackRows()).toBeLessThan(laneCount * 20 + 80);
    expect(await metric('dialog_forwarder_lag_rows')).toBeGreaterThan(200);
    expect(await outboxRefusals.list(fixture.db, 10)).toEqual([]);
    await forwarder?.close();

    // Also when it was started again meanwhile.
    const next = open();
    await vi.waitFor(() => expect(next.check()).rejects.toThrow('fails at everything'), 10_000);
    await sink.mend();
    await untilForwarded(writer);
    expect(await sink.events()).toEqual(forwardedOf(writer));
    await vi.waitFor(async () => expect(await heldBackRows()).toBe(0), 5_000);
    expect(log.filter((line) => line.includes('is away'))).toHaveLength(1);
    expect(log.join()).not.toContain('identifier-no');
  });

  it('at one event for good: it is parked, those behind it go on, and an operator can have it replayed', async () => {
    const [bad = '', other = ''] = dialogIdsOf(2);
    let refusedId: string | undefined;
    let isMended = false;
    const receiver = await openReceiver((dialogId, id) => {
      if (dialogId !== bad) return 200;
      refusedId ??= id;
      return id === refusedId && !isMended ? 500 : 200;
    });
    const { ready, metric } = open(receiver.env);
    await ready();
    const writer = createOutboxWriter(fixture.db);
    await writer.write(0, [bad]);
    await writer.write(0, [bad]);
    await vi.waitFor(async () => expect(await heldBackRows()).toBe(2), 5_000);
    const others = setInterval(() => void writer.write(0, [other]), 20);
    onTestFinished(() => clearInterval(others));
    await vi.waitFor(async () => expect(await metric('dialog_forwarder_refusals')).toBe(1), 10_000);
    clearInterval(others);
    const all = forwardedOf(writer).get(bad) ?? [];
    await vi.waitFor(() => expect(receiver.received.get(bad)).toEqual(all.slice(1)), 10_000);

    const [refusal] = await outboxRefusals.list(fixture.db, 10);
    expect(refusal).toMatchObject({ reader, lane: 0, messageId: refusedId, reason: 'events: status 500' });
    isMended = true;
    const asked = { at: timestampOf(Date.now()), again: false };
    expect(await outboxRefusals.askForReplay(fixture.db, { id: refusal?.id ?? '' }, asked)).toBe(1);
    await vi.waitFor(() => expect(receiver.received.get(bad)).toEqual([...all.slice(1), refusedId]), 5_000);
    await vi.waitFor(async () => expect(await metric('dialog_forwarder_refusals')).toBe(0), 5_000);
  });

  it('or refuses: the event is a dead letter at once; a replay that is refused again stays one', async () => {
    const [dialogId = ''] = dialogIdsOf(1);
    const { ready, metric } = open();
    await ready();
    await sink.fail({ status: 400, times: 1 });
    const writer = createOutboxWriter(fixture.db);
    await writer.write(2, [dialogId]);
    const [refused, delivered] = forwardedOf(writer).get(dialogId) ?? [];
    await sink.until(1);
    expect(await sink.events()).toEqual(new Map([[dialogId, [delivered]]]));
    await vi.waitFor(async () => expect(await metric('dialog_forwarder_refusals')).toBe(1), 5_000);

    await sink.fail({ status: 422, times: 1 });
    const ask = () =>
      outboxRefusals.askForReplay(fixture.db, { reader }, { at: timestampOf(Date.now()), again: false });
    expect(await ask()).toBe(1);
    await vi.waitFor(
      async () =>
        expect(await outboxRefusals.list(fixture.db, 10)).toMatchObject([
          { messageId: refused, reason: 'events: status 422', replayAskedAt: null, replayedAt: null },
        ]),
      5_000,
    );
    // Where it only fails, the replay is tried again later.
    await sink.fail({ status: 503, times: 1 });
    expect(await ask()).toBe(1);
    await vi.waitFor(async () => {
      const [refusal] = await outboxRefusals.list(fixture.db, 10);
      expect(refusal).toMatchObject({ reason: 'events: status 503', replayedAt: null });
      expect((refusal?.replayAskedAt ?? '') > timestampOf(Date.now() + 30_000)).toBe(true);
    }, 5_000);
    await sql`update outbox_refusal set replay_asked_at = now()`.execute(fixture.db);
    await sink.until(2);
    expect(await sink.events()).toEqual(new Map([[dialogId, [delivered, refused]]]));
  });

  it('or refuses many: what comes while they are replayed does not wait for that', async () => {
    const [bad = '', other = ''] = dialogIdsOf(2);
    let answerOfBad: () => number | Promise<number> = () => 400;
    const receiver = await openReceiver((dialogId) => (dialogId === bad ? answerOfBad() : 200));
    const { ready, metric } = open(receiver.env);
    await ready();
    const writer = createOutboxWriter(fixture.db);
    await writer.write(
      0,
      Array.from({ length: 20 }, () => bad),
    );
    await vi.waitFor(async () => expect(await metric('dialog_forwarder_refusals')).toBe(40), 10_000);

    const replayed = Promise.withResolvers<void>();
    answerOfBad = async () => {
      await replayed.promise;
      return 200;
    };
    await outboxRefusals.askForReplay(fixture.db, { reader }, { at: timestampOf(Date.now()), again: false });
    await vi.waitFor(() => expect(receiver.atOnce()).toBe(1), 5_000);
    await writer.write(0, [other]);
    await vi.waitFor(() => expect(receiver.received.get(other)).toHaveLength(2), 5_000);
    replayed.resolve();
    await vi.waitFor(() => expect(receiver.received).toEqual(forwardedOf(writer)), 10_000);
  });

  it('with rows that nobody can read: they are passed over and kept', async () => {
    const { ready } = open();
    await ready();
    await sql`insert into outbox (lane, seq, occurred_at, change) values (1, 1, now(), '{"no": "change"}')`.execute(
      fixture.db,
    );
    await sql`update lane set outbox_seq = 1 where id = 1`.execute(fixture.db);
    const writer = createOutboxWriter(fixture.db);
    await writer.write(1, dialogIdsOf(1));
    await untilForwarded(writer);
    await vi.waitFor(
      async () =>
        expect(await outboxRefusals.list(fixture.db, 10)).toMatchObject([
          { reader, lane: 1, seq: 1, messageId: '', change: '{"no": "change"}' },
        ]),
      5_000,
    );
  });
});

describe('a dialog with many events', () => {
  it('keeps others of its lane waiting for a turn only, and stays in order', async () => {
    const receiver = await openReceiver(() => 200);
    const [hot = '', quiet = ''] = dialogIdsOf(2);
    const { ready } = open({ ...receiver.env, FORWARD_TURN_MS: '10', FORWARD_ROWS_MAX: '50' });
    await ready();
    const writer = createOutboxWriter(fixture.db);
    await writer.write(0, [...Array.from({ length: 150 }, () => hot), quiet]);
    await vi.waitFor(() => expect(receiver.received.get(quiet)).toHaveLength(2), 20_000);
    expect(receiver.received.get(hot)?.length ?? 0).toBeLessThan(300);
    await vi.waitFor(() => expect(receiver.received).toEqual(forwardedOf(writer)), 30_000);
    await vi.waitFor(async () => expect(await heldBackRows()).toBe(0), 5_000);
  });
});

describe('several forwarders', () => {
  it('share the lanes; when one goes, the other has them', async () => {
    const first = open({ FORWARD_ROWS_MAX: '10' });
    const second = open({ FORWARD_ROWS_MAX: '10' });
    onTestFinished(() => first.close());
    await Promise.all([first.ready(), second.ready()]);
    const writer = createOutboxWriter(fixture.db);
    const writing = writer.writeOnAllLanes(dialogsOfLanes(5), 20);
    await sink.until(200);
    await first.close();
    await writing;
    await untilForwarded(writer);
    expect(await sink.events()).toEqual(forwardedOf(writer));
  });
});
