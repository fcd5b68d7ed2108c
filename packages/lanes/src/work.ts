import { setTimeout as delay } from 'node:timers/promises';
import type { Envelope } from '@dialog/contracts/commands';
import type { Operation } from '@dialog/contracts/operation';
import { type Job, type JobJson, Queue, WaitingError } from 'bullmq';
import type { Logger } from 'pino';
import { defaultLaneCount, type LaneSet, queueNameOf, queueOptions, workerOptions } from './lane.ts';
import { LeavingWorker } from './leaving-worker.ts';
import type { WorkMetrics } from './metrics.ts';
import { onceInAWhile } from './once-in-a-while.ts';
import type { Nats } from './open-nats.ts';
import type { RedisConnections } from './open-redis.ts';
import { forgetQueued } from './queued-operations.ts';
import { readEnvelope } from './read-envelope.ts';

export type WorkSettings = LaneSet & {
  /**
   * How long the envelope of a killed worker stays locked. The lock is renewed every quarter of that while the worker
   * lives: only a process that stands still for seconds loses it, at the cost of an application that changes nothing.
   */
  lockMs: number;
  /** How often each worker looks for envelopes whose lock ran out. A lane stands still for at most both together. */
  lockCheckMs: number;
  /** Pause before an envelope is tried again in place: this long at first, doubled each time up to the maximum. */
  retryMinMs: number;
  retryMaxMs: number;
  /** How long an envelope that is not for this process is left to others before it is looked at again. */
  foreignPauseMs: number;
  /** How long `close` waits for Redis once nothing is being applied any more. */
  closeTimeoutMs: number;
};

export const defaultWorkSettings = {
  laneCount: defaultLaneCount,
  prefix: 'dialogporten',
  lockMs: 5_000,
  lockCheckMs: 2_500,
  retryMinMs: 100,
  // A database that is back shall not wait longer than this for the lane.
  retryMaxMs: 2_000,
  foreignPauseMs: 5_000,
  closeTimeoutMs: 2_000,
} as const;

export type WorkDeps = {
  /** From `openRedis` with `whenAway: 'wait'`. Stays open when the lane is closed. */
  redis: RedisConnections;
  nats: Nats;
  /**
   * Takes over an envelope that nobody can read, as a dead letter. The lane goes on once it has returned; it may come
   * twice. A throw counts as an infrastructure fault.
   */
  onUnreadable: (jobData: string, error: Error) => Promise<void>;
  metrics: WorkMetrics;
  log: Logger;
};

export type LaneWork = {
  /** Begins no more envelopes, and waits for the one that is being applied, however long that takes. */
  close(): Promise<void>;
};

/** One replies message stays below this many bytes, whatever the server would take. */
const replyBytesMax = 512 * 1024;

/** Jobs of a lane carry their text as it is: it is parsed in one place, where a bad one can be dealt with. */
class LaneWorker extends LeavingWorker<string> {
  protected override createJob(json: JobJson, jobId: string): Job<string, void> {
    const job = super.createJob({ ...json, data: 'null' }, jobId);
    job.data = json.data;
    return job;
  }
}

/**
 * Works one lane: envelopes in order, one at a time, across all processes that work it. Waits while Redis is away.
 *
 * `apply` gets each envelope at least once: again when a worker was killed, or stood still long enough to lose its lock
 * (then two may have it at once, so `apply` must serialise by itself what must not run twice). It returns the operation
 * of every command. A throw is an infrastructure fault: the same envelope is tried again, in place and with its lock
 * kept, for as long as it takes. BullMQ's own retries would put it behind the envelopes that follow.
 *
 * An envelope of a newer contract, or for another number of lanes, is left at the head of the lane for others.
 */
export async function workLane(
  deps: WorkDeps & { settings: WorkSettings },
  lane: number,
  apply: (envelope: Envelope) => Promise<readonly Operation[]>,
): Promise<LaneWork> {
  const { nats, onUnreadable, metrics, log, settings } = deps;
  const { prefix, laneCount, lockMs, lockCheckMs, retryMinMs, retryMaxMs, foreignPauseMs, closeTimeoutMs } = settings;
  const name = queueNameOf(lane);
  const redis = deps.redis.connectionOf(name);
  const closing = new AbortController();
  let lockLost = new AbortController();
  let attempted: Promise<unknown> = Promise.resolve();
  let resumeTimer: NodeJS.Timeout | undefined;
  const logError = onceInAWhile((err: Error) => log.warn({ err, lane }, 'lane worker reported an error'));

  const queue = new Queue(name, { ...queueOptions, connection: redis, prefix });
  queue.on('error', logError);
  await queue.setGlobalConcurrency(1);
  // A Redis that came back without its data must be told again.
  redis.on('ready', limitConcurrency);
  const worker = new LaneWorker(name, work, {
    ...workerOptions,
    lockDuration: lockMs,
    stalledInterval: lockCheckMs,
    connection: redis,
    prefix,
  });
  worker.on('error', logError);
  worker.on('stalled', (jobId) => log.warn({ jobId, lane }, 'envelope of a lost worker is back on its lane'));
  worker.on('failed', (job, err) => log.error({ jobId: job?.id, lane, err }, 'envelope failed'));
  worker.on('lockRenewalFailed', () => lockLost.abort());

  let closed: Promise<void> | undefined;
  return {
    close() {
      closed ??= close();
      return closed;
    },
  };

  async function close(): Promise<void> {
    closing.abort();
    clearTimeout(resumeTimer);
    redis.off('ready', limitConcurrency);
    if (!(await worker.leave(() => attempted.catch(() => {}), closeTimeoutMs))) {
      log.warn({ lane }, 'lane worker left without taking leave of redis');
    }
    await queue.close();
  }

  function limitConcurrency(): void {
    queue.setGlobalConcurrency(1).catch(logError);
  }

  async function work(job: Job<string, void>, token?: string): Promise<void> {
    lockLost = new AbortController();
    const reading = readEnvelope(job.data, { lane, laneCount });
    if (reading.kind === 'foreign') return leaveToOthers(job, token, reading.reason);
    if (reading.kind === 'unreadable') {
      log.error({ err: reading.error, jobId: job.id, lane }, 'envelope cannot be read');
      await inPlace(job, token, () => onUnreadable(job.data, reading.error));
      metrics.refusedEnvelopes.inc({ lane, reason: 'unreadable' });
      return;
    }
    const { envelope } = reading;
    metrics.queued.observe(Math.max(0, Date.now() - job.timestamp) / 1000);
    const ended = await inPlace(job, token, () => apply(envelope));
    reply(envelope.replyTo, ended);
    // Not waited for: it goes out with the completion. What is left behind expires.
    forgetQueued(
      redis,
      prefix,
      lane,
      ended.map(({ id }) => id),
    ).catch((err: unknown) => log.warn({ err, lane }, 'queued operations not removed'));
  }

  async function inPlace<Result>(
    job: Job<string, void>,
    token: string | undefined,
    attempt: () => Promise<Result>,
  ): Promise<Result> {
    for (let waitMs = retryMinMs; ; waitMs = Math.min(waitMs * 2, retryMaxMs)) {
      try {
        const attempting = attempt();
        attempted = attempting;
        return await attempting;
      } catch (err) {
        metrics.retries.inc({ lane });
        log.warn({ err, jobId: job.id, lane, waitMs }, 'envelope not applied, trying again in place');
      }
      const stop = AbortSignal.any([closing.signal, lockLost.signal]);
      await delay(waitMs, undefined, { signal: stop }).catch(() => {});
      if (lockLost.signal.aborted) {
        log.warn({ jobId: job.id, lane }, 'lock lost, envelope left to whoever has it now');
        throw new WaitingError();
      }
      if (closing.signal.aborted) await handBack(job, token);
    }
  }

  /** Puts the envelope back to the head of its lane, so that the next worker need not wait for the lock to run out. */
  async function handBack(job: Job<string, void>, token: string | undefined): Promise<never> {
    try {
      await job.moveToWait(token);
    } catch (err) {
      log.warn({ err, jobId: job.id, lane }, 'envelope not handed back, its lock will run out');
    }
    // Tells BullMQ that the job is neither completed nor failed.
    throw new WaitingError();
  }

  async function leaveToOthers(job: Job<string, void>, token: string | undefined, reason: string): Promise<never> {
    metrics.refusedEnvelopes.inc({ lane, reason: 'foreign' });
    log.error({ jobId: job.id, lane, reason }, 'envelope is not for this process, lane stands still');
    // Paused, this worker does not snatch it from one that can.
    await worker.pause(true);
    if (!closing.signal.aborted) resumeTimer = setTimeout(() => void worker.resume(), foreignPauseMs);
    return handBack(job, token);
  }

  /** At most once, best effort: who gets no reply polls. In several messages if they are large. */
  function reply(subject: string, ended: readonly Operation[]): void {
    if (ended.length === 0) return;
    const payload = JSON.stringify(ended);
    if (Buffer.byteLength(payload) > replyBytesMax && ended.length > 1) {
      const middle = Math.ceil(ended.length / 2);
      reply(subject, ended.slice(0, middle));
      reply(subject, ended.slice(middle));
      return;
    }
    try {
      if (!nats.publish(subject, payload)) metrics.repliesNotSent.inc();
    } catch (err) {
      metrics.repliesNotSent.inc();
      log.warn({ err, lane }, 'reply not sent');
    }
  }
}
