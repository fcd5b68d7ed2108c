import { epochMsOf, type Timestamp } from '@dialog/contracts/timestamp';
import { LeavingWorker } from '@dialog/lanes/leaving-worker';
import type { RedisConnections } from '@dialog/lanes/open-redis';
import type { Logger } from '@dialog/telemetry/logger';
import { Queue } from 'bullmq';

export type AlarmSettings = {
  /** Begins every Redis key, so that several installations can share one Redis. */
  prefix: string;
  /** How long the alarm of a killed worker stays locked. */
  lockMs: number;
  /** How often workers look for alarms whose lock ran out. */
  lockCheckMs: number;
};

export type Alarms = {
  /** Sets an alarm for each time. One that is set already, or just goes off, is not set again. */
  set(times: readonly Timestamp[]): Promise<void>;
  /** Sets an alarm that goes off at once, unless there is one that waits to. */
  setNow(): Promise<void>;
  /** Stops the one that is going off here, and waits for it. */
  close(): Promise<void>;
};

/** The braces are a Redis Cluster hash tag: BullMQ's scripts need everything of a queue on one slot. */
const queueName = '{visibility}';
const jobName = 'alarm';
/** How long `close` waits for Redis once nothing is going off any more. */
const closeTimeoutMs = 2_000;

/**
 * Alarms that all visibility-workers share, as delayed jobs of BullMQ: each goes off in one of them, and one at a time.
 * When a worker is killed, its alarm goes off again in another.
 *
 * An alarm says only that it is time to look. Whatever Redis forgets, repeats or tells at a wrong time, `onAlarm` looks in
 * Postgres. One that throws is gone: the next sweep finds what is still due, and sets another.
 *
 * @param redis from `openRedis` with `whenAway: 'wait'`; stays open
 * @param now what the times of alarms are compared with
 */
export function openAlarms(
  {
    redis,
    now,
    log,
    onAlarm,
  }: { redis: RedisConnections; now: () => Timestamp; log: Logger; onAlarm: (signal: AbortSignal) => Promise<void> },
  { prefix, lockMs, lockCheckMs }: AlarmSettings,
): Alarms {
  const closing = new AbortController();
  let failing = false;
  let ringing: Promise<void> = Promise.resolve();

  const connection = redis.connectionOf(queueName);
  const queue = new Queue(queueName, {
    connection,
    prefix,
    // Nobody reads BullMQ's event stream.
    streams: { events: { maxLen: 0 } },
    skipVersionCheck: true,
  });
  // The connection's errors are logged where it was opened.
  queue.on('error', () => {});
  connection.on('ready', limitConcurrency);
  limitConcurrency();
  const worker = new LeavingWorker<null>(queueName, ring, {
    connection,
    prefix,
    concurrency: 1,
    lockDuration: lockMs,
    stalledInterval: lockCheckMs,
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
    drainDelay: 1,
    // Pause before a call is tried again that failed with Redis gone, in milliseconds.
    runRetryDelay: 500,
    skipVersionCheck: true,
  });
  worker.on('error', () => {});
  worker.on('stalled', () => log.warn('alarm of a lost worker goes off again'));

  return {
    async set(times) {
      if (times.length === 0) return;
      const from = epochMsOf(now());
      await queue.addBulk(
        times.map((time) => {
          const at = epochMsOf(time);
          return { name: jobName, data: null, opts: { jobId: `at-${at}`, delay: Math.max(0, at - from) } };
        }),
      );
    },
    async setNow() {
      await queue.add(jobName, null, { jobId: 'now' });
    },
    async close() {
      closing.abort();
      connection.off('ready', limitConcurrency);
      await worker.leave(() => ringing.catch(() => {}), closeTimeoutMs);
      await queue.close();
    },
  };

  async function ring(): Promise<void> {
    try {
      ringing = onAlarm(closing.signal);
      await ringing;
      failing = false;
    } catch (err) {
      if (!failing) log.warn({ err }, 'what is due could not be applied, trying on');
      failing = true;
      throw err;
    }
  }

  /** Several at once would do no harm, but send each command as often. */
  function limitConcurrency(): void {
    queue.setGlobalConcurrency(1).catch(() => {});
  }
}
