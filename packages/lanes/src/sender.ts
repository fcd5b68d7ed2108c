import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Envelope } from '@dialog/contracts/commands';
import type { OwnedOperation } from '@dialog/contracts/operation';
import type { Queue } from 'bullmq';
import { type Redis, ReplyError } from 'ioredis';
import type { Logger } from 'pino';
import { createEnvelopeClock } from './envelope-clock.ts';
import { LaneUnavailable } from './faults.ts';
import { envelopeJobName } from './lane.ts';
import type { SubmitMetrics } from './metrics.ts';
import { recordQueued } from './queued-operations.ts';

type SenderSettings = {
  prefix: string;
  envelopeCommandsMax: number;
  envelopeBytesMax: number;
  envelopeCapMs: number;
  acceptCapMs: number;
  acceptTimeoutMs: number;
  queuedRetentionS: number;
};

/** A command on its way into an envelope. */
type Outgoing = {
  id: string;
  /** The command as JSON: encoded once, when it comes in. */
  text: string;
  bytes: number;
  /** Written together with the envelope, for a caller that does not wait. */
  record: OwnedOperation | undefined;
};
type Waiting = Outgoing & { onSent: () => void; onRefused: (fault: LaneUnavailable) => void };

const inDoubtRetryMs = 50;
/** Envelopes whose outcomes are awaited. Without NATS there may be none for hours; beyond a few nothing waits longer for them. */
const underwayMax = 100;

/** Puts the commands of this process for one lane into envelopes, and the envelopes into Redis, in order. */
export function openSender(
  deps: { redis: Redis; queue: Queue; metrics: SubmitMetrics; log: Logger },
  address: Omit<Envelope, 'commands'>,
  settings: SenderSettings,
) {
  const { redis, queue, metrics, log } = deps;
  const { prefix, envelopeCommandsMax, envelopeBytesMax, envelopeCapMs, acceptCapMs } = settings;
  const { acceptTimeoutMs, queuedRetentionS } = settings;
  const clock = createEnvelopeClock<Waiting>({
    commandsMax: envelopeCommandsMax,
    bytesMax: envelopeBytesMax,
    capMs: envelopeCapMs,
    soonCapMs: acceptCapMs,
  });
  const opening = JSON.stringify(address).slice(0, -1);
  /** The envelopes whose outcome is not known, oldest first, each by its first command. */
  let underway: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let refusing: LaneUnavailable | undefined;

  return {
    /** Resolves once Redis has the command on disk. @throws LaneUnavailable */
    send(command: Outgoing): Promise<void> {
      if (refusing !== undefined) return Promise.reject(refusing);
      return new Promise((resolve, reject) => {
        clock.add({ ...command, onSent: resolve, onRefused: reject }, command.bytes, {
          soon: command.record !== undefined,
        });
        pump();
      });
    },

    /**
     * An outcome came in. One reply carries a whole envelope, so that of its first command stands for all; and envelopes
     * land in order, so it stands for those before it as well, whose replies are lost.
     */
    landed(commandId: string): void {
      const landed = underway.indexOf(commandId);
      if (landed === -1) return;
      underway = underway.slice(landed + 1);
      clock.landed(underway.length);
      // The rest of the reply is still being dealt with; callers that answer it at once shall be in the next envelope.
      setImmediate(pump);
    },

    waiting: () => clock.waiting(),

    /** Sends what waits, without waiting for outcomes in between. */
    hurry(): void {
      clock.hurry();
      pump();
    },

    /** Gives up what Redis could not be made to take. */
    close(): void {
      closed = true;
      clearTimeout(timer);
      refuseWaiting(new LaneUnavailable('The gateway is closing.'));
    },
  };

  function pump(): void {
    const commands = clock.take(performance.now());
    if (commands !== undefined) void sendEnvelope(commands);
    clearTimeout(timer);
    const dueInMs = clock.dueInMs(performance.now());
    if (dueInMs !== undefined) timer = setTimeout(pump, dueInMs);
  }

  async function sendEnvelope(commands: readonly Waiting[]): Promise<void> {
    const [first] = commands;
    if (first === undefined) return;
    underway = [...underway.slice(1 - underwayMax), first.id];
    metrics.envelopeCommands.observe(commands.length);
    const text = `${opening},"commands":[${commands.map((command) => command.text).join(',')}]}`;
    const records = commands.flatMap(({ record }) => (record === undefined ? [] : [record]));
    try {
      await untilAcknowledged(randomUUID(), text, records);
      clock.acknowledged();
      for (const { onSent } of commands) onSent();
    } catch (err) {
      const fault = err instanceof LaneUnavailable ? err : new LaneUnavailable('The lane failed.', { cause: err });
      metrics.refused.inc({ reason: fault.inDoubt ? 'in-doubt' : 'unavailable' }, commands.length);
      log.warn({ err: fault, lane: address.lane, commands: commands.length }, 'envelope not placed on its lane');
      underway = underway.filter((id) => id !== first.id);
      clock.failed(underway.length);
      for (const { onRefused } of commands) onRefused(fault);
      refuseWaiting(new LaneUnavailable('The lane failed for commands ahead.', { cause: fault }));
    }
    pump();
  }

  /**
   * Adds the envelope under an id of ours. If the connection breaks before the answer, nobody knows whether Redis has
   * it; adding it again under the same id is then harmless. (Also when it was worked and removed in the meantime: the
   * worker finds every command in the operation table.)
   */
  async function untilAcknowledged(id: string, text: string, records: readonly OwnedOperation[]): Promise<void> {
    const giveUpAt = performance.now() + acceptTimeoutMs;
    let inDoubt = false;
    for (;;) {
      try {
        // Both leave in one turn, the records first; Redis writes them to disk together.
        const recorded = recordQueued(redis, { prefix, lane: address.lane, retentionS: queuedRetentionS }, records);
        const [record, added] = await Promise.allSettled([recorded, addJob(id, text)]);
        if (added.status === 'rejected') throw added.reason;
        if (record.status === 'rejected') {
          log.error({ err: record.reason, lane: address.lane }, 'queued operations not recorded');
        }
        return;
      } catch (err) {
        inDoubt ||= mayHaveArrived(err);
        if (!inDoubt || closed || performance.now() > giveUpAt) {
          throw new LaneUnavailable(inDoubt ? 'Redis went away with a command in hand.' : 'Redis takes no commands.', {
            cause: err,
            inDoubt,
          });
        }
        // These were not sent and can be told so now, like those that come in while Redis is away.
        refuseWaiting(new LaneUnavailable('Redis takes no commands.', { cause: err }));
        await delay(inDoubtRetryMs);
      }
    }
  }

  /** As `queue.add`, which would encode the text once more. */
  function addJob(id: string, text: string): Promise<string> {
    const now = Date.now();
    const job = { id, name: envelopeJobName, data: text, opts: {}, timestamp: now, progress: 0, ...neverTried };
    return queue.getBackend().addJob(job, id);
  }

  /**
   * What waits behind a refused envelope is refused as well, and so is what comes before the callers have heard of it: one
   * that sends again what was refused keeps the order of its commands.
   */
  function refuseWaiting(fault: LaneUnavailable): void {
    const refused = clock.drop();
    refusing = fault;
    setImmediate(() => {
      refusing = undefined;
    });
    if (refused.length > 0) metrics.refused.inc({ reason: 'unavailable' }, refused.length);
    for (const { onRefused } of refused) onRefused(fault);
  }
}

const neverTried = { attemptsMade: 0, attemptsStarted: 0, stalledCounter: 0, failedReason: '', returnvalue: '' };

/** An error that Redis itself answered with, or that ioredis raised before writing, means that nothing was enqueued. */
function mayHaveArrived(err: unknown): boolean {
  if (err instanceof ReplyError) return false;
  return !(err instanceof Error && err.message.includes("Stream isn't writeable"));
}
