import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@dialog/telemetry/logger';
import { reportRepeatedFaults } from '@dialog/telemetry/repeated-faults';
import type { Counter } from 'prom-client';

/** Work that goes on for as long as it is not told to stop. */
export type Sessions = {
  /** Resolves while a session is running. @throws why none is */
  check(): Promise<void>;
  /** Lets the session in hand finish, and returns when nothing is left to close. */
  stop(): Promise<void>;
};

/**
 * One session.
 *
 * @param onRunning it has what it needs, and is at work
 * @throws the first fault, with nothing left open
 */
export type Session = (stopping: AbortSignal, onRunning: () => void) => Promise<void>;

const retryMinMs = 50;
/** A session that lived this long ends an outage; a shorter one was part of it. */
const steadyMs = 5_000;

/**
 * Runs one session after the other. A session ends with the first fault: in which state that has left things is not
 * reasoned about, the next one begins from what is in Postgres. While they fail, they are tried at growing intervals.
 *
 * @param doing what they do, as it stands in the log: `relaying`
 */
export function startSessions(
  session: Session,
  { doing, retryMaxMs, log, interruptions }: { doing: string; retryMaxMs: number; log: Logger; interruptions: Counter },
): Sessions {
  const stopping = new AbortController();
  /** Why nothing is done; undefined while it is. */
  let fault: unknown = new Error(`${doing} has not begun yet.`);
  const ended = keepOn();

  return {
    async check() {
      if (fault !== undefined) throw fault;
    },
    async stop() {
      stopping.abort();
      await ended;
    },
  };

  async function keepOn(): Promise<void> {
    let retryMs = retryMinMs;
    const faults = reportRepeatedFaults(log, `${doing} interrupted, trying on`);
    let recoveryIsNews = false;
    while (!stopping.signal.aborted) {
      let runningSince = Number.POSITIVE_INFINITY;
      try {
        await session(stopping.signal, () => {
          fault = undefined;
          runningSince = performance.now();
          if (recoveryIsNews) log.info(`${doing} again`);
          recoveryIsNews = false;
        });
      } catch (err) {
        fault = err;
        interruptions.inc();
        if (performance.now() - runningSince > steadyMs) {
          retryMs = retryMinMs;
          faults.forget();
        }
        if (faults.failed(err)) recoveryIsNews = true;
        await delay(retryMs, undefined, { signal: stopping.signal }).catch(() => {});
        retryMs = Math.min(retryMaxMs, retryMs * 2);
      }
    }
  }
}
