import { setTimeout as delay } from 'node:timers/promises';
import { type Job, Queue } from 'bullmq';
import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import { z } from 'zod';
import { LeavingWorker } from './leaving-worker.ts';
import { onceInAWhile } from './once-in-a-while.ts';
import type { RedisConnections } from './open-redis.ts';

/** What a job is about: the URN of a service resource, with whose policy something is to be done. */
const policyJob = z.object({ serviceResource: z.string().min(1) });
type PolicyJob = z.infer<typeof policyJob>;

/** The braces are a Redis Cluster hash tag: BullMQ's scripts need all keys of a queue on one slot. */
const queueName = '{authorization}';
const jobName = 'policy';
const queueOptions = { streams: { events: { maxLen: 0 } }, skipVersionCheck: true } as const;

const jobOptions = {
  /** What fails goes on failing for seconds: the registry or the database is away. Whoever sweeps comes again later. */
  attempts: 3,
  backoff: { type: 'exponential', delay: 5_000 },
  removeOnComplete: true,
  /** For an operator to look at. */
  removeOnFail: { count: 1_000, age: 24 * 60 * 60 },
} as const;

/** Resources that wait in memory to be put on the queue. Beyond that they are left to the sweep. */
const waitingMax = 10_000;
/** Jobs that travel to Redis together. */
const bulkMax = 500;

export function createPolicyQueueMetrics(registry: Registry) {
  return {
    dropped: new Counter({
      name: 'dialog_policy_jobs_dropped_total',
      help: 'Policies that were not put on the queue, because Redis was away. The sweep finds them.',
      registers: [registry],
    }),
  };
}

type QueueDeps = {
  /** Stays open when the queue is closed. */
  redis: RedisConnections;
  /** Begins every Redis key. */
  prefix: string;
  log: Logger;
  metrics: ReturnType<typeof createPolicyQueueMetrics>;
};

/** Asks the authorization-workers to answer what waits for the policies of some service resources. */
export type PolicyQueue = {
  /**
   * Never fails, and never keeps anybody waiting: a job is only what makes an answer come soon. One job for a resource
   * waits at a time; asked for while it is being worked on, it is done once more.
   */
  ask: (serviceResources: Iterable<string>) => void;
  /** Leaves what Redis has not taken after a short while. */
  close: () => Promise<void>;
};

export function openPolicyQueue({ redis, prefix, log, metrics }: QueueDeps): PolicyQueue {
  const queue = new Queue<PolicyJob>(queueName, { ...queueOptions, connection: redis.connectionOf(queueName), prefix });
  // The connection is shared and its errors are logged where it was opened; calls that fail reject.
  queue.on('error', () => {});
  const waiting = new Set<string>();
  let sending: Promise<void> | undefined;
  const report = onceInAWhile((err) => log.warn({ err }, 'policies not put on the queue, left to the sweep'));

  return {
    ask(serviceResources) {
      for (const serviceResource of serviceResources) {
        if (waiting.size < waitingMax) waiting.add(serviceResource);
        else metrics.dropped.inc();
      }
      if (waiting.size === 0) return;
      sending ??= send().finally(() => {
        sending = undefined;
      });
    },
    async close() {
      const waited = new AbortController();
      await Promise.race([sending, delay(1_000, undefined, { signal: waited.signal }).catch(() => {})]);
      waited.abort();
      metrics.dropped.inc(waiting.size);
      waiting.clear();
      await queue.close();
    },
  };

  async function send(): Promise<void> {
    while (waiting.size > 0) {
      const batch = [...waiting].slice(0, bulkMax);
      for (const serviceResource of batch) waiting.delete(serviceResource);
      try {
        await queue.addBulk(batch.map(jobOf));
      } catch (err) {
        metrics.dropped.inc(batch.length);
        report(err instanceof Error ? err : new Error(String(err)));
      }
    }
  }
}

function jobOf(serviceResource: string) {
  const deduplication = { id: serviceResource, keepLastIfActive: true };
  return { name: jobName, data: { serviceResource }, opts: { ...jobOptions, deduplication } };
}

export type PolicyWorkSettings = {
  prefix: string;
  /** Jobs at work at a time, of all workers together. */
  jobsAtOnceMax: number;
  /** How long the job of a killed worker stays locked, and how often is looked for such jobs, in milliseconds. */
  lockMs: number;
  lockCheckMs: number;
  /** How long `close` waits for Redis once nothing is being worked on any more, in milliseconds. */
  closeTimeoutMs: number;
};

/**
 * Works the queue until it is closed. `work` may get a resource again that it has just done, and may, after a worker has
 * stood still for long, have one that another process has too. What it throws is tried again a few times.
 */
export async function workPolicyQueue(
  { redis, log }: { redis: RedisConnections; log: Logger },
  { prefix, jobsAtOnceMax, lockMs, lockCheckMs, closeTimeoutMs }: PolicyWorkSettings,
  work: (serviceResource: string) => Promise<void>,
): Promise<{ close: () => Promise<void> }> {
  const logError = onceInAWhile((err) => log.warn({ err }, 'policy worker reported an error'));
  const connection = redis.connectionOf(queueName);
  const queue = new Queue<PolicyJob>(queueName, { ...queueOptions, connection, prefix });
  queue.on('error', logError);
  await queue.setGlobalConcurrency(jobsAtOnceMax);
  // A Redis that came back without its data must be told again.
  connection.on('ready', limitConcurrency);
  const inHand = new Set<Promise<void>>();
  const worker = new LeavingWorker<PolicyJob>(queueName, take, {
    concurrency: jobsAtOnceMax,
    lockDuration: lockMs,
    stalledInterval: lockCheckMs,
    // A policy that is bad for its worker is worked again all the same: nothing but its own job waits for it.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    drainDelay: 1,
    runRetryDelay: 500,
    skipVersionCheck: true,
    connection,
    prefix,
  });
  worker.on('error', logError);
  worker.on('stalled', (jobId) => log.warn({ jobId }, 'policy job of a lost worker is back'));

  return {
    async close() {
      connection.off('ready', limitConcurrency);
      if (!(await worker.leave(() => Promise.allSettled([...inHand]), closeTimeoutMs))) {
        log.warn('policy worker left without taking leave of redis');
      }
      await queue.close();
    },
  };

  async function take(job: Job<PolicyJob, void>): Promise<void> {
    const working = work(policyJob.parse(job.data).serviceResource);
    inHand.add(working);
    try {
      await working;
    } finally {
      inHand.delete(working);
    }
  }

  function limitConcurrency(): void {
    queue.setGlobalConcurrency(jobsAtOnceMax).catch(logError);
  }
}
