import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openNats as startNats } from '@dialog/local/nats';
import { openRedis as startRedis } from '@dialog/local/redis';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { LaneUnavailable } from './faults.ts';
import { laneOf } from './lane.ts';
import { openNats } from './open-nats.ts';
import { findDurabilityGaps } from './open-redis.ts';
import { exampleCommand } from './testing/example-command.ts';
import { type LaneFixture, openLaneFixture } from './testing/lane-fixture.ts';

const laneCount = 2;
const longMs = 20_000;

// Servers of this file alone: they are stopped and killed.
let dataDir: string;
let redis: Awaited<ReturnType<typeof startRedis>>;
let nats: Awaited<ReturnType<typeof startNats>>;
let fixture: LaneFixture;
beforeAll(async () => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'lanes-'));
  [redis, nats] = await Promise.all([
    startRedis({ dataDir, durability: 'durable' }),
    startNats({ dataDir, durability: 'durable' }),
  ]);
});
afterAll(async () => {
  await Promise.all([redis.stop(), nats.stop()]);
  rmSync(dataDir, { recursive: true });
});
beforeEach(async () => {
  await Promise.all([redis.start(), nats.start()]);
  fixture = openLaneFixture({ redisUrl: redis.url, natsUrl: nats.url, natsCreds: nats.creds }, laneCount);
});
afterEach(() => fixture.close());

async function depthOf(dialogId: string): Promise<number> {
  return fixture.queue(laneOf(dialogId, laneCount)).getWaitingCount();
}

describe('without Redis', () => {
  it('commands are refused at once and never enqueued, and taken again when it is back', async () => {
    const lanes = await fixture.gateway();
    const accepted = exampleCommand();
    await lanes.submit(accepted, { waitMs: 0 });
    await redis.kill();
    await vi.waitFor(() => expect(lanes.healthCheck()).rejects.toThrow());

    const startedAt = performance.now();
    const refused = exampleCommand(accepted.dialogId);
    await expect(lanes.submit(refused, { waitMs: 0 })).rejects.toMatchObject({
      name: 'LaneUnavailable',
      inDoubt: false,
    });
    await expect(lanes.submit(refused, { waitMs: longMs })).rejects.toMatchObject({ inDoubt: false });
    expect(performance.now() - startedAt).toBeLessThan(500);

    await redis.start();
    await vi.waitFor(() => lanes.healthCheck(), 5_000);
    // What was accepted is on disk, what was refused is nowhere.
    expect(await depthOf(accepted.dialogId)).toBe(1);
    const later = exampleCommand(accepted.dialogId);
    await lanes.submit(later, { waitMs: 0 });
    await fixture.worker();
    await lanes.wait(later.id, longMs);
    expect(fixture.applied.map(({ id }) => id)).toEqual([accepted.id, later.id]);
  });

  it('a gateway starts, and takes commands when it comes', async () => {
    await redis.kill();
    const lanes = await fixture.gateway();
    await expect(lanes.submit(exampleCommand(), { waitMs: 0 })).rejects.toThrow(LaneUnavailable);
    await redis.start();
    await vi.waitFor(() => lanes.submit(exampleCommand(), { waitMs: 0 }), 5_000);
  });

  it('a queued operation cannot be told from none, and says so', async () => {
    const lanes = await fixture.gateway();
    const command = exampleCommand();
    await redis.kill();
    await vi.waitFor(() => expect(lanes.healthCheck()).rejects.toThrow());
    await expect(lanes.wait(command.id, 0)).rejects.toThrow(LaneUnavailable);
  });

  it('workers wait, and go on where they were', async () => {
    const lanes = await fixture.gateway();
    await fixture.worker();
    await lanes.submit(exampleCommand(), { waitMs: longMs });
    await redis.kill();
    await vi.waitFor(() => expect(lanes.healthCheck()).rejects.toThrow());
    await redis.start();
    await vi.waitFor(() => lanes.healthCheck(), 5_000);
    const command = exampleCommand();
    expect(await lanes.submit(command, { waitMs: 10_000 })).toMatchObject({ status: 'Applied' });
  });

  it.each([
    ['idle', false],
    ['retrying', true],
  ])('a worker that is %s closes', async (_, retrying) => {
    const lanes = await fixture.gateway();
    let attempts = 0;
    const worker = await fixture.worker(async () => {
      attempts += 1;
      throw new Error('The database is away.');
    });
    if (retrying) {
      await lanes.submit(exampleCommand(), { waitMs: 0 });
      await vi.waitFor(() => expect(attempts).toBeGreaterThan(0));
    }
    await redis.kill();
    await vi.waitFor(() => expect(lanes.healthCheck()).rejects.toThrow());
    const startedAt = performance.now();
    await worker.close();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('when Redis stops answering with an envelope in hand', () => {
  it('that one is sent again until it is acknowledged, is applied once, and keeps its place', async () => {
    const lanes = await fixture.gateway({ acceptTimeoutMs: 10_000 });
    await fixture.worker();
    const dialogId = exampleCommand().dialogId;
    const first = exampleCommand(dialogId);
    process.kill(redis.pid ?? 0, 'SIGSTOP');
    const answers = [lanes.submit(first, { waitMs: longMs })];
    // Waits in memory behind the first, and is told as soon as that one is in doubt.
    const second = lanes.submit(exampleCommand(dialogId), { waitMs: longMs });
    await expect(second).rejects.toMatchObject({ name: 'LaneUnavailable', inDoubt: false });
    await redis.kill();
    await redis.start();
    await vi.waitFor(() => lanes.healthCheck(), 5_000);
    const third = exampleCommand(dialogId);
    answers.push(lanes.submit(third, { waitMs: longMs }));
    expect(await Promise.all(answers)).toMatchObject([{ status: 'Applied' }, { status: 'Applied' }]);
    expect(fixture.applied.map(({ id }) => id)).toEqual([first.id, third.id]);
  });

  it('callers are told that it is in doubt, once it has been for long enough', async () => {
    const lanes = await fixture.gateway({ acceptTimeoutMs: 1_000 });
    process.kill(redis.pid ?? 0, 'SIGSTOP');
    const dialogId = exampleCommand().dialogId;
    const waited = lanes.submit(exampleCommand(dialogId), { waitMs: 3_000 });
    await expect(waited).rejects.toMatchObject({ name: 'LaneUnavailable', inDoubt: true });
    const asynchronous = lanes.submit(exampleCommand(dialogId), { waitMs: 0 });
    await expect(asynchronous).rejects.toMatchObject({ name: 'LaneUnavailable', inDoubt: true });
    process.kill(redis.pid ?? 0, 'SIGCONT');
  });

  it('a caller that waits gets the true outcome of a command in doubt', async () => {
    const lanes = await fixture.gateway({ acceptTimeoutMs: 1_000 });
    const worker = await fixture.worker();
    await lanes.submit(exampleCommand(), { waitMs: longMs });
    process.kill(redis.pid ?? 0, 'SIGSTOP');
    const answer = lanes.submit(exampleCommand(), { waitMs: longMs });
    await vi.waitFor(
      () => expect(lanes.submit(exampleCommand(), { waitMs: 0 })).rejects.toThrow(LaneUnavailable),
      8_000,
    );
    process.kill(redis.pid ?? 0, 'SIGCONT');
    expect(await answer).toMatchObject({ status: 'Applied' });
    await worker.close();
  });
});

describe('without NATS', () => {
  it('outcomes are found by polling, and replies come again when it is back', async () => {
    const lanes = await fixture.gateway();
    await fixture.worker();
    await lanes.submit(exampleCommand(), { waitMs: longMs });
    await nats.kill();
    const answers = Array.from({ length: 20 }, () => lanes.submit(exampleCommand(), { waitMs: longMs }));
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(20).fill('Applied'));
    await nats.start();
    const findEnded = vi.fn(() => Promise.reject(new Error('Nobody may poll.')));
    const other = await fixture.gateway({ pollAfterMs: longMs }, { findEnded });
    await vi.waitFor(async () => {
      expect(await other.submit(exampleCommand(), { waitMs: 500 })).toMatchObject({ status: 'Applied' });
    }, longMs);
  });

  it('a gateway and a worker start', async () => {
    await nats.kill();
    const connection = fixture.nats('gateway');
    const lanes = await fixture.gateway({}, { nats: connection });
    await fixture.worker();
    await expect(connection.healthCheck()).rejects.toThrow('NATS is not connected.');
    expect(await lanes.submit(exampleCommand(), { waitMs: longMs })).toMatchObject({ status: 'Applied' });
    await nats.start();
    await vi.waitFor(() => connection.healthCheck(), 5_000);
  });

  it('a database that is away too is asked again until the wait ends', async () => {
    await nats.kill();
    let away = true;
    const findEnded = async () => {
      if (away) throw new Error('The database is away.');
      return fixture.ended;
    };
    const lanes = await fixture.gateway({}, { findEnded });
    await fixture.worker();
    expect(await lanes.submit(exampleCommand(), { waitMs: 300 })).toMatchObject({ status: 'Queued' });
    const answer = lanes.submit(exampleCommand(), { waitMs: longMs });
    setTimeout(() => {
      away = false;
    }, 500);
    expect(await answer).toMatchObject({ status: 'Applied' });
  });
});

it('polls for a caller whose reply was lost while NATS is there', async () => {
  const lanes = await fixture.gateway({ pollAfterMs: 100 });
  const unheard = fixture.nats('gateway');
  // Published by a user who may not: NATS drops it without a word to the sender.
  await fixture.worker(fixture.applyAll, {}, { nats: unheard });
  await vi.waitFor(() => expect(unheard.isConnected()).toBe(true));
  expect(await lanes.submit(exampleCommand(), { waitMs: longMs })).toMatchObject({ status: 'Applied' });
});

it('does not start with NATS credentials that are not there', () => {
  const credsFile = path.join(dataDir, 'absent.creds');
  expect(() => openNats({ servers: nats.url, name: 'test', log: fixture.log, credsFile })).toThrow('absent.creds');
});

it('tells what a Redis is set to that may lose what it acknowledged', async () => {
  const connection = new Redis(redis.url);
  expect(await findDurabilityGaps(connection)).toEqual([]);
  await connection.config('SET', 'appendfsync', 'everysec');
  expect(await findDurabilityGaps(connection)).toEqual(['appendfsync is everysec, must be always']);
  await connection.config('SET', 'appendfsync', 'always');
  connection.disconnect();
});
