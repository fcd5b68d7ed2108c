import { setTimeout as delay } from 'node:timers/promises';
import { addMs, type Timestamp } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import * as dueDialogs from '@dialog/database/tables/due-dialogs';
import type { Logger } from '@dialog/telemetry/logger';
import type { Alarms } from './alarms.ts';

export type SweepSettings = {
  /** How far ahead alarms are set. */
  horizonMs: number;
  /** Pause between two sweeps. */
  sweepMs: number;
  /** How far apart alarms are. */
  gridMs: number;
};

type SweepDeps = { db: Database; alarms: Pick<Alarms, 'set' | 'setNow'>; now: () => Timestamp };

/**
 * Sets the alarms of the near future, and one for now if something is due already: an alarm that Redis has lost, a dialog
 * that is due sooner than the last sweep could know, or a clock that was moved. What Redis knew before does not matter.
 */
export async function sweep(
  { db, alarms, now }: SweepDeps,
  { horizonMs, gridMs }: Pick<SweepSettings, 'horizonMs' | 'gridMs'>,
): Promise<void> {
  const at = now();
  const [first, times] = await Promise.all([
    dueDialogs.firstDueAt(db),
    dueDialogs.dueTimes(db, { after: at, until: addMs(at, horizonMs), gridMs }),
  ]);
  await alarms.set(times);
  if (first !== undefined && first <= at) await alarms.setNow();
}

/** Sweeps until it is stopped. While Postgres or Redis are away it tries on, and says so once. */
export function startSweeping(deps: SweepDeps & { log: Logger }, settings: SweepSettings) {
  const { log } = deps;
  const { sweepMs } = settings;
  const stopping = new AbortController();
  let lastFault: unknown;
  const ended = keepSweeping();

  return {
    /** Rejects while sweeps fail. */
    async check(): Promise<void> {
      if (lastFault !== undefined) throw lastFault;
    },
    async stop(): Promise<void> {
      stopping.abort();
      await ended;
    },
  };

  async function keepSweeping(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await sweep(deps, settings);
        if (lastFault !== undefined) log.info('sweeps succeed again');
        lastFault = undefined;
      } catch (err) {
        if (lastFault === undefined) log.warn({ err }, 'sweep failed, trying on');
        lastFault = err;
      }
      await delay(sweepMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }
}
