import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { LaneCountMismatch, LaneUnavailable } from './faults.ts';
import { laneCountKey } from './lane.ts';
import { agreeOnLaneCount, recordedLaneCount } from './lane-count.ts';
import { openRedis, type RedisConnections } from './open-redis.ts';
import { exampleCommand } from './testing/example-command.ts';
import { type LaneFixture, openLaneFixture } from './testing/lane-fixture.ts';

let space: TestSpace;
let redis: RedisConnections;
let fixture: LaneFixture;
let prefix: string;
let tests = 0;
beforeAll(async () => {
  space = await openTestSpace();
  redis = openRedis({ url: space.redisUrl, name: 'test', whenAway: 'wait', log: pino({ level: 'silent' }) });
});
afterAll(async () => {
  await redis.close();
  await space.close();
});
beforeEach(() => {
  tests += 1;
  prefix = `${space.redisPrefix}-${tests}`;
  fixture = openLaneFixture({ ...space, prefix }, 8);
});
afterEach(() => fixture.close());

describe('the number of lanes', () => {
  it('is recorded by whoever comes first, and agreed to by those who know the same', async () => {
    expect(await recordedLaneCount(redis, prefix)).toBeUndefined();
    const agreements = Array.from({ length: 5 }, () => agreeOnLaneCount({ redis, prefix, laneCount: 8 }));
    await Promise.all(agreements);
    expect(await recordedLaneCount(redis, prefix)).toBe(8);
  });

  it('is refused when another is in use and its lanes hold envelopes', async () => {
    const lanes = await fixture.gateway();
    await lanes.submit(exampleCommand(), { waitMs: 0 });
    const refusal = agreeOnLaneCount({ redis, prefix, laneCount: 16 });
    await expect(refusal).rejects.toThrow(LaneCountMismatch);
    await expect(refusal).rejects.toThrow('8 lanes are in use and hold 1 envelopes; this process is set to 16');
    await expect(fixture.gateway({ laneCount: 16 })).rejects.toThrow(LaneCountMismatch);
    expect(await recordedLaneCount(redis, prefix)).toBe(8);
  });

  it('is refused while an envelope is being worked', async () => {
    const lanes = await fixture.gateway();
    const applying = Promise.withResolvers<void>();
    const worker = await fixture.worker(async (envelope) => {
      await applying.promise;
      return fixture.applyAll(envelope);
    });
    const answer = lanes.submit(exampleCommand(), { waitMs: 10_000 });
    await vi.waitFor(() => expect(agreeOnLaneCount({ redis, prefix, laneCount: 16 })).rejects.toThrow('hold 1'));
    applying.resolve();
    await answer;
    await worker.close();
    await agreeOnLaneCount({ redis, prefix, laneCount: 16 });
  });

  it('is changed when all lanes are empty; a gateway of the old number then takes no more commands', async () => {
    const lanes = await fixture.gateway({ depthSampleMs: 20 });
    await agreeOnLaneCount({ redis, prefix, laneCount: 16 });
    expect(await recordedLaneCount(redis, prefix)).toBe(16);
    await vi.waitFor(() =>
      expect(lanes.submit(exampleCommand(), { waitMs: 0 })).rejects.toThrow('The number of lanes is now 16'),
    );
    await expect(lanes.submit(exampleCommand(), { waitMs: 0 })).rejects.toThrow(LaneUnavailable);
    expect(await recordedLaneCount(redis, prefix)).toBe(16);
  });

  it('is agreed on anew in a Redis that lost everything', async () => {
    const lanes = await fixture.gateway({ depthSampleMs: 20 });
    const key = laneCountKey(prefix);
    await redis.connectionOf(key).del(key);
    await vi.waitFor(async () => expect(await recordedLaneCount(redis, prefix)).toBe(8));
    await vi.waitFor(() => lanes.submit(exampleCommand(), { waitMs: 0 }));
  });
});
