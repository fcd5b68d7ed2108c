import { setTimeout as delay } from 'node:timers/promises';
import { type Command, type Envelope, envelopeVersion } from '@dialog/contracts/commands';
import type { Operation, OwnedOperation } from '@dialog/contracts/operation';
import type { Logger } from 'pino';
import { LaneFull, LaneUnavailable } from './faults.ts';
import { defaultLaneCount, type LaneSet, laneOf, queueNameOf, replySubject } from './lane.ts';
import { openLaneWatch } from './lane-watch.ts';
import type { SubmitMetrics } from './metrics.ts';
import type { Nats } from './open-nats.ts';
import type { RedisConnections } from './open-redis.ts';
import { openOutcomes } from './outcomes.ts';
import { findQueued, queuedOperationOf, recordQueued } from './queued-operations.ts';
import { openSender } from './sender.ts';

/** Every limit of a gateway's lanes. */
export type LanesSettings = LaneSet & {
  /** Of this process alone; a part of its reply subject, so no dots, spaces or wildcards. */
  gatewayId: string;
  envelopeCommandsMax: number;
  envelopeBytesMax: number;
  /** How long an envelope without an outcome holds back the next one, in milliseconds. */
  envelopeCapMs: number;
  /** The same while somebody waits to be told 202, for each envelope that is on its way, in milliseconds. */
  acceptCapMs: number;
  /** Envelopes on one lane in Redis, of all gateways; beyond that commands are refused. */
  laneEnvelopesMax: number;
  /** Commands of one lane that wait in memory for their envelope. */
  waitingCommandsMax: number;
  /** Bytes of JSON that wait in memory on all lanes together. */
  waitingBytesMax: number;
  /** Callers that wait for an outcome at a time. */
  callersMax: number;
  /** What a refused caller is told to wait, in milliseconds. */
  retryAfterMs: number;
  /** How often the depth of the lanes is looked at, in milliseconds. */
  depthSampleMs: number;
  /** How long an envelope is sent again of which nobody knows whether Redis has it, in milliseconds. */
  acceptTimeoutMs: number;
  pollEveryMs: number;
  pollAfterMs: number;
  pollIdsMax: number;
  pollRetryMs: number;
  distrustMs: number;
  /** How long a queued operation is kept if no worker ends it, in seconds. Longer than any outage of the database. */
  queuedRetentionS: number;
  /** How long `close` waits for outcomes, in milliseconds. */
  closeTimeoutMs: number;
};

export const defaultLanesSettings = {
  laneCount: defaultLaneCount,
  prefix: 'dialogporten',
  // Few hundred dialogs are a transaction of tens of milliseconds; beyond that only the wait grows, not the throughput.
  envelopeCommandsMax: 256,
  envelopeBytesMax: 4 * 1024 * 1024,
  // Longer than an envelope takes under full load. With 25 ms envelopes left before the one ahead had landed, with 5
  // commands each instead of 16 (256 callers, 8 lanes): 2.2 ms of CPU for a create instead of 1.3, half the throughput.
  envelopeCapMs: 250,
  acceptCapMs: 25,
  // With the database away a gateway sends 4 envelopes a second down each busy lane: four minutes of outage.
  laneEnvelopesMax: 1_000,
  waitingCommandsMax: 4_096,
  waitingBytesMax: 64 * 1024 * 1024,
  callersMax: 20_000,
  retryAfterMs: 1_000,
  depthSampleMs: 250,
  acceptTimeoutMs: 5_000,
  pollEveryMs: 50,
  pollAfterMs: 1_000,
  pollIdsMax: 1_000,
  pollRetryMs: 500,
  distrustMs: 5_000,
  queuedRetentionS: 24 * 60 * 60,
  closeTimeoutMs: 10_000,
} as const;

export type LanesDeps = {
  /** From `openRedis` with `whenAway: 'fail'`. Stays open when the lanes are closed. */
  redis: RedisConnections;
  nats: Nats;
  /** The ended ones of these operations, by id, from the database. */
  findEnded: (ids: string[]) => Promise<Map<string, OwnedOperation>>;
  metrics: SubmitMetrics;
  log: Logger;
};

/** `Queued`: accepted and durable. Otherwise as the worker committed it. */
export type Submitted = Operation;

export type SubmitOptions = { waitMs: number; onTaken?: () => void };

export type Lanes = {
  /**
   * Puts a command on the lane of its dialog.
   *
   * `waitMs: 0` resolves with the `Queued` operation once Redis has the command on disk. Otherwise it resolves with the
   * ended operation, or with `Queued` when the wait runs out and Redis has it; the command is then applied all the same.
   *
   * Commands for one dialog are applied in the order of the calls, also when nobody waits between them. For a caller that
   * keeps an order beyond refusals, `onTaken` is called before `submit` returns if the command is on its way: what comes
   * behind it is then not applied before it, but refused with it, if it is refused in the end.
   *
   * @throws LaneFull before anything was enqueued
   * @throws LaneUnavailable when Redis did not take the command. If it is `inDoubt` (the connection broke, and stayed
   *   broken for `acceptTimeoutMs`, before Redis acknowledged) it may be applied. A caller that waits is told only at
   *   the end of the wait, because the true outcome may still come. The command's id sees to it that it is applied once.
   */
  submit(command: Command, options: SubmitOptions): Promise<Submitted>;
  /**
   * The operation of a command, whoever sent it: as it ended, waiting up to `waitMs` for that, or `Queued`. Undefined
   * when there is none. The caller checks the org.
   *
   * @param signal ends the wait early
   * @throws LaneUnavailable, or what the database throws, when it can't be told
   */
  wait(id: string, waitMs: number, signal?: AbortSignal): Promise<OwnedOperation | undefined>;
  /** Those that were answered 202 and are not committed yet. Ask this first and the database second, not the reverse. */
  findQueued(ids: readonly string[]): Promise<Map<string, OwnedOperation>>;
  /** Rejects when commands cannot be accepted. */
  healthCheck(): Promise<void>;
  /** Refuses new commands, sends what waits in memory, waits for outcomes; those that do not come end as `Queued`. */
  close(): Promise<void>;
};

/**
 * The gateway's end of the lanes.
 *
 * Redis and NATS may be away: then commands are refused, or outcomes polled, until they are back.
 *
 * @throws LaneCountMismatch when another number of lanes is in use (later, with Redis away now, it refuses all commands)
 */
export async function openLanes(deps: LanesDeps, settings: LanesSettings): Promise<Lanes> {
  const { redis, nats, findEnded, metrics, log } = deps;
  const { laneCount, prefix, gatewayId } = settings;
  const replyTo = replySubject(gatewayId);
  const watch = await openLaneWatch({ redis, metrics, log }, settings);
  const outcomes = openOutcomes({ nats, replyTo, findEnded, metrics, log, onOutcome: landed }, settings);
  const senders = watch.lanes.map(({ redis: connection, queue }, lane) => {
    const address = { version: envelopeVersion, laneCount, lane, replyTo } satisfies Omit<Envelope, 'commands'>;
    return openSender({ redis: connection, queue, metrics, log }, address, settings);
  });

  const submissions = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;

  return {
    async submit(command, options) {
      const submission = submit(command, options);
      submissions.add(submission);
      try {
        return await submission;
      } finally {
        submissions.delete(submission);
      }
    },
    wait,
    findQueued: queuedOnes,
    async healthCheck() {
      await watch.healthCheck();
    },
    close() {
      closing ??= close();
      return closing;
    },
  };

  async function submit(command: Command, { waitMs, onTaken }: SubmitOptions): Promise<Submitted> {
    const lane = laneOf(command.dialogId, laneCount);
    const sender = senderOf(lane);
    const text = JSON.stringify(command);
    const bytes = Buffer.byteLength(text);
    try {
      assertAccepting(lane, bytes);
    } catch (err) {
      metrics.refused.inc({ reason: err instanceof LaneFull ? 'full' : 'unavailable' });
      throw err;
    }
    const queued = queuedOperationOf(command);
    const sent = sender.send({ id: command.id, text, bytes, record: waitMs <= 0 ? queued : undefined });
    onTaken?.();
    if (waitMs > 0) return waited(sent, queued, lane, waitMs);
    await sent;
    return withoutOrg(queued);
  }

  async function waited(sent: Promise<void>, queued: OwnedOperation, lane: number, waitMs: number): Promise<Submitted> {
    const expected = outcomes.expect(queued.id, { elsewhere: false });
    // In doubt is no reason to stop: if Redis has the command after all, the outcome comes.
    sent.catch((err: unknown) => {
      if (!(err instanceof LaneUnavailable && err.inDoubt)) expected.stop();
    });
    try {
      const ended = await expected.within(waitMs);
      if (ended !== undefined) return ended;
      await sent;
    } finally {
      expected.stop();
    }
    try {
      await recordQueued(
        redis.connectionOf(queueNameOf(lane)),
        { prefix, lane, retentionS: settings.queuedRetentionS },
        [queued],
      );
    } catch (err) {
      // It is accepted all the same, and its operation turns up when the worker has applied it.
      log.warn({ err, commandId: queued.id }, 'queued operation not recorded');
    }
    return withoutOrg(queued);
  }

  async function wait(id: string, waitMs: number, signal?: AbortSignal): Promise<OwnedOperation | undefined> {
    const expected = outcomes.expect(id, { elsewhere: true });
    signal?.addEventListener('abort', expected.stop);
    try {
      // In this order: the record disappears after the commit, so what is in neither place does not exist.
      const [queued] = await Promise.allSettled([queuedOnes([id])]);
      const [ended] = await Promise.allSettled([findEnded([id])]);
      const found = ended.status === 'fulfilled' ? ended.value.get(id) : undefined;
      if (found !== undefined) return found;
      const known = queued.status === 'fulfilled' ? queued.value.get(id) : undefined;
      if (known === undefined) {
        if (ended.status === 'rejected') throw ended.reason;
        if (queued.status === 'rejected') throw queued.reason;
        return undefined;
      }
      if (signal?.aborted) return known;
      const operation = await expected.within(waitMs);
      return operation === undefined ? known : { ...operation, org: known.org };
    } finally {
      signal?.removeEventListener('abort', expected.stop);
      expected.stop();
    }
  }

  async function queuedOnes(ids: readonly string[]): Promise<Map<string, OwnedOperation>> {
    try {
      return await findQueued(redis, { prefix, laneCount }, ids);
    } catch (err) {
      throw new LaneUnavailable('Queued operations cannot be read.', { cause: err });
    }
  }

  function assertAccepting(lane: number, bytes: number): void {
    if (closing !== undefined) throw new LaneUnavailable('The gateway is closing.');
    watch.assertUsable(lane);
    const { retryAfterMs, laneEnvelopesMax, waitingCommandsMax, waitingBytesMax, callersMax } = settings;
    const full = (reason: string) => new LaneFull(lane, retryAfterMs, reason);
    if (watch.depthOf(lane) >= laneEnvelopesMax) throw full(`${watch.depthOf(lane)} envelopes wait on it`);
    if (outcomes.count() >= callersMax) throw full(`${callersMax} callers wait for outcomes`);
    if (senderOf(lane).waiting().commands >= waitingCommandsMax) throw full('too many commands wait for an envelope');
    const waitingBytes = senders.reduce((total, sender) => total + sender.waiting().bytes, 0);
    // A single command larger than the limit gets through when nothing else waits.
    if (waitingBytes > 0 && waitingBytes + bytes > waitingBytesMax) throw full('too many bytes wait for an envelope');
  }

  /** Its dialog need not be the command's, so it does not tell the lane. */
  function landed({ id }: Operation): void {
    for (const sender of senders) sender.landed(id);
  }

  function senderOf(lane: number) {
    const sender = senders[lane];
    if (sender === undefined) throw new Error(`There is no lane ${lane}.`);
    return sender;
  }

  async function close(): Promise<void> {
    for (const sender of senders) sender.hurry();
    const deadline = new AbortController();
    await Promise.race([
      Promise.allSettled([...submissions]),
      delay(settings.closeTimeoutMs, undefined, { signal: deadline.signal }).catch(() => {}),
    ]);
    deadline.abort();
    for (const sender of senders) sender.close();
    outcomes.stopAll();
    await Promise.allSettled([...submissions]);
    outcomes.close();
    await watch.close();
  }
}

function withoutOrg({ org: _, ...operation }: OwnedOperation): Operation {
  return operation;
}
