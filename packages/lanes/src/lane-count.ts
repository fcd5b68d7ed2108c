import { Queue } from 'bullmq';
import { LaneCountMismatch } from './faults.ts';
import { type LaneSet, laneCountKey, queueNameOf, queueOptions } from './lane.ts';
import type { RedisConnections } from './open-redis.ts';

/** Sets the number only if it is still the one that was found, and tells which it is now. */
const replaceIfUnchanged = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) end
return redis.call('GET', KEYS[1])`;

/**
 * Makes sure that every process uses the same number of lanes. Called at start-up, before anything is enqueued or worked.
 *
 * The number in use is kept in Redis. With another number a dialog's next command would take another lane than those
 * before it, and could overtake them: so another number is refused, unless all lanes are empty; then it is recorded.
 * Stop the gateways before changing it. One that still runs notices within its depth sample and refuses commands.
 *
 * @throws LaneCountMismatch when another number is in use
 */
export async function agreeOnLaneCount({
  redis,
  prefix,
  laneCount,
}: LaneSet & { redis: RedisConnections }): Promise<void> {
  const key = laneCountKey(prefix);
  const connection = redis.connectionOf(key);
  await connection.setnx(key, laneCount);
  const recorded = await recordedLaneCount(redis, prefix);
  if (recorded === undefined || recorded === laneCount) return;

  const remaining = await jobsOn({ redis, prefix, laneCount: recorded });
  if (remaining > 0) {
    throw new LaneCountMismatch(
      `${recorded} lanes are in use and hold ${remaining} envelopes; this process is set to ${laneCount}. ` +
        `Let the workers empty them with ${recorded} lanes first.`,
    );
  }
  const now = await connection.eval(replaceIfUnchanged, 1, key, String(recorded), String(laneCount));
  if (now !== String(laneCount)) {
    throw new LaneCountMismatch(`Another process changed the number of lanes to ${now} at the same moment.`);
  }
}

/** The number of lanes in use; undefined when none is recorded. */
export async function recordedLaneCount(redis: RedisConnections, prefix: string): Promise<number | undefined> {
  const key = laneCountKey(prefix);
  const text = await redis.connectionOf(key).get(key);
  if (text === null) return undefined;
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new LaneCountMismatch(`The recorded number is unusable: ${text}`);
  return count;
}

async function jobsOn({ redis, prefix, laneCount }: LaneSet & { redis: RedisConnections }): Promise<number> {
  let total = 0;
  for (let lane = 0; lane < laneCount; lane += 1) {
    const name = queueNameOf(lane);
    const connection = redis.connectionOf(name);
    const queue = new Queue(name, { ...queueOptions, connection, prefix, skipMetasUpdate: true });
    // Trouble with the connection reaches us through the call below.
    queue.on('error', () => {});
    try {
      total += await queue.getJobCountByTypes('waiting', 'active', 'delayed', 'prioritized');
    } finally {
      await queue.close();
    }
  }
  return total;
}
