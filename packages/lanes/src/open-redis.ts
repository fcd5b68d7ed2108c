import { Redis } from 'ioredis';
import type { Logger } from 'pino';

/** Pause before the nth attempt to connect again, in milliseconds: a restart is over in about that time, every time. */
const reconnectMs = (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 5), 1_000);
const connectTimeoutMs = 5_000;
/** Longest wait for an answer of a connected Redis. It covers an fsync that stands in a queue of slow disk writes. */
const commandTimeoutMs = 2_000;
/**
 * A connection on which Redis owes an answer for this long is given up: its machine may have vanished without a word,
 * and TCP would take a quarter of an hour to notice. Longer than a worker's blocking call, which lasts a second.
 */
const silenceMaxMs = 3_000;

/**
 * A connection that comes back by itself, for ever.
 *
 * @param whenAway `fail` for those who must answer somebody now: commands are refused while Redis is away, and nothing
 *   is sent twice behind the caller's back. `wait` for workers: commands wait until Redis is back; BullMQ needs that.
 * @param name shown by `CLIENT LIST`
 */
export function openRedis({
  url,
  name,
  whenAway,
  log,
}: {
  url: string;
  name: string;
  whenAway: 'fail' | 'wait';
  log: Logger;
}): Redis {
  const redis = new Redis(url, {
    connectionName: name,
    connectTimeout: connectTimeoutMs,
    retryStrategy: reconnectMs,
    socketTimeout: silenceMaxMs,
    ...(whenAway === 'fail'
      ? {
          enableOfflineQueue: false,
          autoResendUnfulfilledCommands: false,
          // What was sent and not answered when the connection broke is rejected at once.
          maxRetriesPerRequest: 0,
          commandTimeout: commandTimeoutMs,
        }
      : { maxRetriesPerRequest: null }),
  });
  let lost = false;
  redis.on('error', (err) => {
    if (!lost) log.warn({ err }, 'redis connection lost');
    lost = true;
  });
  redis.on('ready', () => {
    if (lost) log.info('redis connection restored');
    lost = false;
  });
  return redis;
}

/**
 * What this Redis is set to that may lose an acknowledged envelope; empty when nothing. Accepted is durable only with an
 * append-only file that is written to disk before the acknowledgement, and without eviction.
 *
 * @throws when Redis does not let its settings be read (some hosted ones do not)
 */
export async function findDurabilityGaps(redis: Redis): Promise<string[]> {
  const wanted = { appendonly: 'yes', appendfsync: 'always', 'maxmemory-policy': 'noeviction' };
  const gaps: string[] = [];
  for (const [setting, value] of Object.entries(wanted)) {
    const [, actual] = await redis.config('GET', setting).then((reply) => (Array.isArray(reply) ? reply : []));
    if (actual !== value) gaps.push(`${setting} is ${actual}, must be ${value}`);
  }
  return gaps;
}
