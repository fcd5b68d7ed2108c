import { once } from 'node:events';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { LaneCountMismatch, LaneUnavailable } from './faults.ts';
import { type LaneSet, queueNameOf, queueOptions } from './lane.ts';
import { agreeOnLaneCount, recordedLaneCount } from './lane-count.ts';
import type { SubmitMetrics } from './metrics.ts';

/** How long the start waits for Redis before it goes on without, in milliseconds. */
const startTimeoutMs = 5_000;

/**
 * Knows whether the lanes can be used, and how deep they are, without asking Redis for every command: it looks a few
 * times a second.
 *
 * @throws LaneCountMismatch when another number of lanes is in use
 */
export async function openLaneWatch(
  { redis, metrics, log }: { redis: Redis; metrics: SubmitMetrics; log: Logger },
  { prefix, laneCount, depthSampleMs }: LaneSet & { depthSampleMs: number },
) {
  const queues = Array.from({ length: laneCount }, (_, lane) => {
    const queue = new Queue(queueNameOf(lane), { ...queueOptions, connection: redis, prefix });
    // The connection is shared and its errors are logged where it was opened; calls that fail reject.
    queue.on('error', () => {});
    return queue;
  });
  let depths: readonly number[] = [];
  let agreed = false;
  let mismatch: LaneCountMismatch | undefined;
  let looking: Promise<void> | undefined;

  try {
    // An error event, which every failed attempt to connect raises, ends this wait.
    if (redis.status !== 'ready') await once(redis, 'ready', { signal: AbortSignal.timeout(startTimeoutMs) });
    await look();
  } catch (err) {
    if (err instanceof LaneCountMismatch) throw err;
    log.warn({ err }, 'lanes not reachable, trying on');
  }
  const timer = setInterval(lookAgain, depthSampleMs);
  timer.unref();

  return {
    queues,

    depthOf: (lane: number) => depths[lane] ?? 0,

    /** @throws LaneUnavailable when no command can be accepted now */
    assertUsable(): void {
      if (mismatch !== undefined) throw new LaneUnavailable(mismatch.message, { cause: mismatch });
      if (redis.status !== 'ready') throw new LaneUnavailable('Redis is not connected.');
      if (!agreed) throw new LaneUnavailable('The number of lanes is not agreed on yet.');
    },

    async close(): Promise<void> {
      clearInterval(timer);
      await looking;
      await Promise.all(queues.map((queue) => queue.close()));
    },
  };

  function lookAgain(): void {
    if (looking !== undefined || redis.status !== 'ready') return;
    looking = look()
      .catch((err: unknown) => {
        if (!(err instanceof LaneCountMismatch)) log.warn({ err }, 'depth of lanes not read');
        else if (mismatch === undefined) log.error({ err }, 'commands are refused: number of lanes has changed');
        mismatch = err instanceof LaneCountMismatch ? err : mismatch;
      })
      .finally(() => {
        looking = undefined;
      });
  }

  async function look(): Promise<void> {
    if (!agreed) await agreeOnLaneCount({ redis, prefix, laneCount });
    const [recorded, ...waiting] = await Promise.all([
      recordedLaneCount(redis, prefix),
      ...queues.map((queue) => queue.getWaitingCount()),
    ]);
    // An emptied Redis holds no number and no envelopes: agree anew. Another number was meant by somebody: do not.
    agreed = recorded !== undefined;
    if (recorded !== undefined && recorded !== laneCount) {
      throw new LaneCountMismatch(`The number of lanes is now ${recorded}; this process is set to ${laneCount}.`);
    }
    mismatch = undefined;
    depths = waiting;
    for (const [lane, depth] of waiting.entries()) metrics.depth.set({ lane }, depth);
  }
}
