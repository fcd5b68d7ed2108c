import { once } from 'node:events';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { LaneCountMismatch, LaneUnavailable } from './faults.ts';
import { type LaneSet, queueNameOf, queueOptions } from './lane.ts';
import { agreeOnLaneCount, recordedLaneCount } from './lane-count.ts';
import type { SubmitMetrics } from './metrics.ts';
import { onceInAWhile } from './once-in-a-while.ts';
import type { RedisConnections } from './open-redis.ts';

/** How long the start waits for Redis before it goes on without, in milliseconds. */
const startTimeoutMs = 5_000;

/**
 * Knows whether the lanes can be used, and how deep they are, without asking Redis for every command: it looks a few
 * times a second. Of a cluster, those lanes can be used whose node is there.
 *
 * @throws LaneCountMismatch when another number of lanes is in use
 */
export async function openLaneWatch(
  { redis, metrics, log }: { redis: RedisConnections; metrics: SubmitMetrics; log: Logger },
  { prefix, laneCount, depthSampleMs }: LaneSet & { depthSampleMs: number },
) {
  const lanes = Array.from({ length: laneCount }, (_, lane) => {
    const name = queueNameOf(lane);
    const connection = redis.connectionOf(name);
    const queue = new Queue(name, { ...queueOptions, connection, prefix });
    // The connection's errors are logged where it was opened; calls that fail reject.
    queue.on('error', () => {});
    return { redis: connection, queue, depth: 0 };
  });
  let agreed = false;
  let mismatch: LaneCountMismatch | undefined;
  let looking: Promise<void> | undefined;
  const report = onceInAWhile((err) => log.warn({ err }, 'depth of lanes not read'));

  try {
    await Promise.all([...new Set(lanes.map((lane) => lane.redis))].map(untilReady));
    await look();
  } catch (err) {
    if (err instanceof LaneCountMismatch) throw err;
    log.warn({ err }, 'lanes not reachable, trying on');
  }
  const timer = setInterval(lookAgain, depthSampleMs);
  timer.unref();

  return {
    lanes,

    depthOf: (lane: number) => lanes[lane]?.depth ?? 0,

    assertUsable,

    /** Rejects when some command could not be accepted now. */
    async healthCheck(): Promise<void> {
      for (const lane of lanes.keys()) assertUsable(lane);
      await Promise.all(lanes.map((lane) => lane.redis.ping()));
    },

    async close(): Promise<void> {
      clearInterval(timer);
      await looking;
      await Promise.all(lanes.map(({ queue }) => queue.close()));
    },
  };

  /** @throws LaneUnavailable when this lane takes no command now */
  function assertUsable(lane: number): void {
    if (mismatch !== undefined) throw new LaneUnavailable(mismatch.message, { cause: mismatch });
    if (lanes[lane]?.redis.status !== 'ready') throw new LaneUnavailable('Redis is not connected.');
    if (!agreed) throw new LaneUnavailable('The number of lanes is not agreed on yet.');
  }

  function lookAgain(): void {
    if (looking !== undefined || lanes.every((lane) => lane.redis.status !== 'ready')) return;
    looking = look()
      .catch((err: unknown) => {
        if (!(err instanceof LaneCountMismatch)) return report(err instanceof Error ? err : new Error(String(err)));
        if (mismatch === undefined) log.error({ err }, 'commands are refused: number of lanes has changed');
        mismatch = err;
      })
      .finally(() => {
        looking = undefined;
      });
  }

  async function look(): Promise<void> {
    if (!agreed) await agreeOnLaneCount({ redis, prefix, laneCount });
    const [recorded] = await Promise.all([recordedLaneCount(redis, prefix), ...[...lanes.keys()].map(readDepth)]);
    // An emptied Redis holds no number and no envelopes: agree anew. Another number was meant by somebody: do not.
    agreed = recorded !== undefined;
    if (recorded !== undefined && recorded !== laneCount) {
      throw new LaneCountMismatch(`The number of lanes is now ${recorded}; this process is set to ${laneCount}.`);
    }
    mismatch = undefined;
  }

  async function readDepth(lane: number): Promise<void> {
    const known = lanes[lane];
    // One whose node is away takes no commands, however deep it is.
    if (known?.redis.status !== 'ready') return;
    known.depth = await known.queue.getWaitingCount();
    metrics.depth.set({ lane }, known.depth);
  }
}

/** An error event, which every failed attempt to connect raises, ends this wait. */
async function untilReady(redis: Redis): Promise<void> {
  if (redis.status !== 'ready') await once(redis, 'ready', { signal: AbortSignal.timeout(startTimeoutMs) });
}
