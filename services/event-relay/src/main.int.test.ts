/** The service as a process: how it ends, and what happens when it is ended. */
import { randomInt } from 'node:crypto';
import { withClient } from '@dialog/local/database';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AltinnSink, forwardedOf, openAltinnSink } from './testing/altinn-sink.ts';
import { countStored, expectAllOnceInOrder, untilStored } from './testing/event-log.ts';
import { createOutboxWriter, dialogsOfLanes, laneCount, type OutboxWriter } from './testing/outbox-writer.ts';
import { openRelayFixture, type RelayFixture, untilPassed } from './testing/relay-fixture.ts';
import { killLeftRelays, spawnRelay, untilReady } from './testing/relay-process.ts';

let fixture: RelayFixture;

beforeAll(async () => {
  fixture = await openRelayFixture();
});
beforeEach(() => fixture.reset());
afterEach(killLeftRelays);
afterAll(() => fixture.close());

it('finishes the batch in hand when it is told to stop, and ends with code 0', async () => {
  const { db, admin, env } = fixture;
  const writer = createOutboxWriter(db, admin);
  const relay = await spawnRelay({ ...env, RELAY_BATCH_ROWS_MAX: '20' });
  const writing = writer.writeOnAllLanes(dialogsOfLanes(10), 20);
  await untilStored(admin, 200);
  expect(await relay.kill('SIGTERM')).toBe(0);
  await writing;
  expect(relay.log.at(-1)).toContain('event-relay stopped');
  // What it has published, its cursors have passed: the next one has nothing to repeat.
  const next = await spawnRelay(env);
  await untilPassed(fixture);
  await expectAllOnceInOrder(admin, writer);
  const metrics = await (await fetch(`${next.healthUrl}/metrics`)).text();
  expect(metrics).toMatch(/^dialog_relay_messages_published_total\{result="duplicate",service="event-relay"\} 0$/m);
});

describe('a relay that is killed', () => {
  it('between publishing and moving its cursor repeats nothing and loses nothing, however often', async () => {
    const { db, admin, env } = fixture;
    const writer = createOutboxWriter(db, admin);
    const dialogs = dialogsOfLanes(3).map((dialogIds) => [...dialogIds, ...dialogIds]);
    for (let kills = 0; kills < 3; kills += 1) {
      const relay = await spawnRelay({ ...env, RELAY_POLL_MS: '60000' });
      await untilReady(relay);
      await untilPassed(fixture);
      await withClient(fixture.space.ownerDatabaseUrl, async (blocker) => {
        // Cursors can still be taken but not moved. So the relay publishes, and stands still before it can say so.
        await blocker.query('begin');
        await blocker.query('lock table outbox_cursor in share mode');
        await writer.writeOnAllLanes(dialogs, 1);
        await untilStored(admin, writer.expectedCount());
        await relay.kill('SIGKILL');
        await blocker.query('rollback');
      });
    }
    await spawnRelay(env);
    await untilPassed(fixture);
    await expectAllOnceInOrder(admin, writer);
  });

  it('at any moment repeats nothing and loses nothing', async () => {
    const { db, admin, env } = fixture;
    const writer = createOutboxWriter(db, admin);
    await writer.writeOnAllLanes(dialogsOfLanes(20), 30);
    for (let kills = 0, stored = 0; kills < 4; kills += 1) {
      const relay = await spawnRelay({ ...env, RELAY_BATCH_ROWS_MAX: '50', RELAY_IN_FLIGHT_MAX: '64' });
      await untilStored(admin, stored + 1 + randomInt(1_000));
      await relay.kill('SIGKILL');
      stored = await countStored(admin);
    }
    await spawnRelay(env);
    await untilPassed(fixture);
    await expectAllOnceInOrder(admin, writer);
  });

  it('leaves its lanes to another, with which it shared them', async () => {
    const { db, admin, env } = fixture;
    const writer = createOutboxWriter(db, admin);
    const own = { ...env, RELAY_BATCH_ROWS_MAX: '10', RELAY_LANES_AT_ONCE_MAX: '2' };
    const [first, second] = await Promise.all([spawnRelay(own), spawnRelay(own)]);
    await Promise.all([untilReady(first), untilReady(second)]);
    const writing = writer.writeOnAllLanes(dialogsOfLanes(5), 60);
    const published = async ({ healthUrl }: typeof first) => {
      const metrics = await (await fetch(`${healthUrl}/metrics`)).text();
      return Number(/published_total\{result="stored"[^}]*\} (\d+)/.exec(metrics)?.[1] ?? 0);
    };
    await vi.waitFor(
      async () => {
        expect(await published(first)).toBeGreaterThan(0);
        expect(await published(second)).toBeGreaterThan(0);
      },
      { timeout: 15_000, interval: 20 },
    );
    await first.kill('SIGKILL');
    await writing;
    await untilPassed(fixture);
    await expectAllOnceInOrder(admin, writer);
  });
});

describe('a relay that forwards', () => {
  let sink: AltinnSink;
  beforeAll(async () => {
    sink = await openAltinnSink();
  });
  beforeEach(() => sink.reset());
  afterAll(() => sink.close());

  /** Starts one, and returns when it has its cursors: it is for what is written from then on. */
  async function spawnForwarder(own: Record<string, string> = {}) {
    const relay = await spawnRelay({ ...fixture.env, ...sink.env, ...own });
    const cursors = fixture.db.selectFrom('outbox_cursor').select('lane').where('reader', '=', 'altinn-events');
    await vi.waitFor(async () => expect(await cursors.execute()).toHaveLength(laneCount), 15_000);
    return relay;
  }

  /** Events that came twice count where they came first. */
  async function expectAllForwarded(writer: OutboxWriter): Promise<void> {
    const expected = forwardedOf(writer);
    await vi.waitFor(
      async () => {
        const came = await sink.events();
        expect(new Map([...came].map(([dialogId, ids]) => [dialogId, [...new Set(ids)]]))).toEqual(expected);
      },
      { timeout: 40_000, interval: 100 },
    );
  }

  it('and is killed at any moment loses no event, and keeps those of a dialog in order', async () => {
    const writer = createOutboxWriter(fixture.db);
    let relay = await spawnForwarder({ FORWARD_ROWS_MAX: '10' });
    const writing = writer.writeOnAllLanes(dialogsOfLanes(5), 12);
    await sink.fail({ status: 503, times: 20 });
    for (let kills = 0, came = 0; kills < 4; kills += 1) {
      await sink.until(came + 1 + randomInt(60));
      await relay.kill('SIGKILL');
      came = [...(await sink.events()).values()].flat().length;
      relay = await spawnForwarder({ FORWARD_ROWS_MAX: '10' });
    }
    await writing;
    await expectAllForwarded(writer);
    await untilPassed(fixture);
    await expectAllOnceInOrder(fixture.admin, writer);
  });

  it('goes on with Altinn while NATS is away, and with NATS while Altinn is', async () => {
    const writer = createOutboxWriter(fixture.db);
    const deaf = await spawnForwarder({ NATS_URL: 'nats://127.0.0.1:1' });
    await writer.writeOnAllLanes(dialogsOfLanes(3), 2);
    await expectAllForwarded(writer);
    await deaf.kill('SIGTERM');

    await sink.fail({ status: 503 });
    const relay = await spawnForwarder();
    await writer.writeOnAllLanes(dialogsOfLanes(3), 10);
    await untilStored(fixture.admin, writer.expectedCount());
    await expectAllOnceInOrder(fixture.admin, writer);
    await vi.waitFor(async () => {
      const health = await fetch(`${relay.healthUrl}/health`);
      expect([health.status, await health.text()]).toEqual([200, expect.stringContaining('Degraded')]);
    }, 10_000);
    await sink.mend();
    await expectAllForwarded(writer);
    expect(await relay.kill('SIGTERM')).toBe(0);
  });
});
