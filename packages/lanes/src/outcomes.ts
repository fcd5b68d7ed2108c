import { type Operation, type OwnedOperation, operation } from '@dialog/contracts/operation';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { SubmitMetrics } from './metrics.ts';
import type { Nats } from './open-nats.ts';

export type OutcomeSettings = {
  /** How often operations are looked for, in milliseconds. */
  pollEveryMs: number;
  /** A caller that has waited this long for a reply polls, although replies come: its own may be lost. Milliseconds. */
  pollAfterMs: number;
  /** Operations asked for in one poll. */
  pollIdsMax: number;
  /** Pause after a poll that failed, so that a database in trouble is not asked at the full pace. Milliseconds. */
  pollRetryMs: number;
  /** How long polling goes on for everybody after an outcome had to be polled although NATS was there. Milliseconds. */
  distrustMs: number;
};

export type OutcomeDeps = {
  nats: Nats;
  replyTo: string;
  /** The ended ones of these operations, by id. It may throw: then it is asked again. */
  findEnded: (ids: string[]) => Promise<Map<string, OwnedOperation>>;
  /** Called for each outcome that a reply brought, waited for or not, and for those that were polled. */
  onOutcome: (ended: Operation) => void;
  metrics: SubmitMetrics;
  log: Logger;
};

/** One caller's wait for one operation. `stop` it in every case. */
export type Expected = {
  /** The ended operation, or undefined when the time is up or the wait is stopped. */
  within(waitMs: number): Promise<Operation | undefined>;
  stop(): void;
};

/** `ended` is undefined when the wait is stopped. */
type Waiter = { id: string; since: number; elsewhere: boolean; wake: (ended: Operation | undefined) => void };

const replies = z.array(operation);

/**
 * Brings outcomes to the callers that wait for them. They come as replies on NATS, at most once; whatever does not come
 * (NATS away here or at the worker, a worker killed between commit and reply, a command of another gateway) is found by
 * one poll for all callers, in the database that has the truth.
 */
export function openOutcomes(
  { nats, replyTo, findEnded, onOutcome, metrics, log }: OutcomeDeps,
  { pollEveryMs, pollAfterMs, pollIdsMax, pollRetryMs, distrustMs }: OutcomeSettings,
) {
  const waiters = new Map<string, Set<Waiter>>();
  let count = 0;
  let polling = false;
  let pollFailed = false;
  let nextPollAt = 0;
  let distrustUntil = 0;

  const unsubscribe = nats.subscribe(replyTo, receive);
  const timer = setInterval(() => void poll(), pollEveryMs);
  timer.unref();

  return {
    /**
     * Call before the command is sent: no reply waits for its caller.
     *
     * @param elsewhere whether another gateway sent the command and gets its reply: it is polled from the start
     */
    expect(id: string, { elsewhere }: { elsewhere: boolean }): Expected {
      let ended: Operation | undefined;
      let stopped = false;
      let resume = () => {};
      const waiter: Waiter = {
        id,
        since: performance.now(),
        elsewhere,
        wake: (operation) => {
          ended = operation;
          stopped = true;
          resume();
        },
      };
      add(waiter);
      return {
        async within(waitMs) {
          if (!stopped && waitMs > 0) {
            let timeout: NodeJS.Timeout | undefined;
            await new Promise<void>((resolve) => {
              resume = resolve;
              timeout = setTimeout(resolve, waitMs);
            });
            clearTimeout(timeout);
          }
          return ended;
        },
        stop: () => {
          if (remove(waiter)) waiter.wake(undefined);
        },
      };
    },

    /** Callers that wait. */
    count: () => count,

    /** Ends every wait. */
    stopAll(): void {
      for (const waiter of [...waiters.values()].flatMap((all) => [...all])) {
        remove(waiter);
        waiter.wake(undefined);
      }
    },

    close(): void {
      clearInterval(timer);
      unsubscribe();
    },
  };

  function add(waiter: Waiter): void {
    const others = waiters.get(waiter.id);
    if (others === undefined) waiters.set(waiter.id, new Set([waiter]));
    else others.add(waiter);
    count += 1;
  }

  function remove(waiter: Waiter): boolean {
    const all = waiters.get(waiter.id);
    if (all?.delete(waiter) !== true) return false;
    count -= 1;
    if (all.size === 0) waiters.delete(waiter.id);
    return true;
  }

  function deliver(ended: Operation): void {
    for (const waiter of waiters.get(ended.id) ?? []) {
      remove(waiter);
      waiter.wake(ended);
    }
  }

  function receive(payload: string): void {
    const parsed = replies.safeParse(fromJson(payload));
    if (!parsed.success) {
      log.error({ err: parsed.error, replyTo }, 'reply not understood');
      return;
    }
    for (const ended of parsed.data) {
      onOutcome(ended);
      deliver(ended);
    }
  }

  async function poll(): Promise<void> {
    const now = performance.now();
    if (polling || waiters.size === 0 || now < nextPollAt) return;
    const ids = dueIds(now);
    if (ids.length === 0) return;
    polling = true;
    try {
      for (const { org: _, ...ended } of (await findEnded(ids)).values()) {
        const mine = [...(waiters.get(ended.id) ?? [])].some(({ elsewhere }) => !elsewhere);
        if (mine) {
          metrics.polled.inc();
          // If one reply was lost, the others probably are too; they shall not each wait for `pollAfterMs`.
          distrustUntil = performance.now() + distrustMs;
        }
        onOutcome(ended);
        deliver(ended);
      }
      if (pollFailed) log.info('operations can be read again');
      pollFailed = false;
    } catch (err) {
      // The callers go on waiting; their waits are bounded.
      if (!pollFailed) log.warn({ err }, 'operations cannot be read, trying on');
      pollFailed = true;
      nextPollAt = performance.now() + pollRetryMs;
    } finally {
      polling = false;
    }
  }

  /** Whose turn it is, those asked for longest ago first: what was asked for goes to the end of the map. */
  function dueIds(now: number): string[] {
    const everybody = !nats.isConnected() || now < distrustUntil;
    const due: string[] = [];
    for (const [id, [waiter]] of waiters) {
      if (due.length === pollIdsMax) break;
      if (waiter !== undefined && (everybody || waiter.elsewhere || now - waiter.since >= pollAfterMs)) due.push(id);
    }
    for (const id of due) {
      const all = waiters.get(id);
      if (all === undefined) continue;
      waiters.delete(id);
      waiters.set(id, all);
    }
    return due;
  }
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
