import { setTimeout as delay } from 'node:timers/promises';
import type { CommandOf } from '@dialog/contracts/commands';
import { addMs, epochMsOf, type Timestamp } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import * as dueDialogs from '@dialog/database/tables/due-dialogs';
import { LaneFull } from '@dialog/lanes/faults';
import type { Lanes, Submitted } from '@dialog/lanes/submit';
import type { Logger } from '@dialog/telemetry/logger';
import type { VisibilityMetrics } from './metrics.ts';
import { createRoom, type RoomSettings } from './room.ts';

export type DueDeps = {
  db: Database;
  lanes: Pick<Lanes, 'submit'>;
  now: () => Timestamp;
  newId: () => string;
  metrics: VisibilityMetrics;
  log: Logger;
};

export type DueSettings = RoomSettings & {
  /** How long an outcome is waited for. */
  outcomeWaitMs: number;
  /** How long a dialog is left alone after its command has failed. */
  setAsideMs: number;
};

/** Dialogs read at a time. */
const pageMax = 1_000;
/** Dialogs that are remembered as set aside; beyond that the oldest is tried again early. */
const setAsideMax = 10_000;

/**
 * Makes the function that puts a command on the lane of every dialog that is due, those that have been due for longest
 * first, until there is none left or `signal` stops it. It returns when the commands have ended.
 *
 * Only so many are under way at a time, and each is waited for, so a hundred thousand dialogs that are due at once take
 * their turns with all other writes instead of filling the lanes. What is left for any reason is still due: whoever is
 * called next finds it. A command that was sent before finds nothing to do.
 *
 * @throws what Postgres or the lanes fail with, once the commands under way have ended
 */
export function createApplyDue(deps: DueDeps, settings: DueSettings): (signal: AbortSignal) => Promise<void> {
  const { db, lanes, now, newId, metrics, log } = deps;
  const { outcomeWaitMs, setAsideMs } = settings;
  const setAsideUntil = new Map<string, Timestamp>();

  return async (signal) => {
    const room = createRoom(settings);
    const faults: unknown[] = [];
    let last: dueDialogs.DueDialog | undefined;
    const isOver = () => signal.aborted || faults.length > 0;
    try {
      do {
        const page = await dueDialogs.find(db, { until: now(), after: last, limit: pageMax });
        last = page.at(-1);
        for (const dialog of page) {
          if (isSetAside(dialog)) continue;
          const events = dialog.withheldEventsCount ?? 1;
          await room.enter(events);
          if (isOver()) {
            room.leave(events);
            break;
          }
          void send(dialog, signal)
            .catch((fault: unknown) => faults.push(fault))
            .finally(() => room.leave(events));
        }
      } while (last !== undefined && !isOver());
    } finally {
      await room.empty();
    }
    if (faults.length > 0) throw faults[0];
  };

  async function send(dialog: dueDialogs.DueDialog, signal: AbortSignal): Promise<void> {
    const command = commandFor(dialog);
    const ended = await submit(command, signal);
    if (ended === undefined) return;
    metrics.commands.inc({ status: ended.status });
    switch (ended.status) {
      case 'Applied':
        metrics.lateness.observe(Math.max(0, epochMsOf(now()) - epochMsOf(dialog.dueAt)) / 1_000);
        return;
      case 'Rejected':
        // It was purged meanwhile, and is due no more.
        return;
      case 'Queued':
        log.warn({ commandId: command.id, dialogId: dialog.id }, 'visibility command takes long, not waited for');
        return;
      case 'Failed':
        log.error({ commandId: command.id, dialogId: dialog.id, setAsideMs }, 'visibility command failed');
        setAside(dialog);
    }
  }

  /** Waits while the lane is full. Undefined when it is to be stopped meanwhile. */
  async function submit(command: CommandOf<'ApplyVisibility'>, signal: AbortSignal): Promise<Submitted | undefined> {
    while (!signal.aborted) {
      try {
        return await lanes.submit(command, { waitMs: outcomeWaitMs });
      } catch (err) {
        if (!(err instanceof LaneFull)) throw err;
        metrics.laneFull.inc();
        await delay(err.retryAfterMs, undefined, { signal }).catch(() => {});
      }
    }
    return undefined;
  }

  function commandFor({ id: dialogId, org }: dueDialogs.DueDialog): CommandOf<'ApplyVisibility'> {
    return {
      ...{ kind: 'ApplyVisibility', id: newId(), dialogId, org, receivedAt: now() },
      ...{ ifMatch: null, silent: false, traceparent: null },
      rights: { admin: false, correspondence: false, legacyHtml: false },
      facts: { notOwned: [], actorNames: {} },
    };
  }

  function isSetAside({ id }: dueDialogs.DueDialog): boolean {
    const until = setAsideUntil.get(id);
    if (until === undefined) return false;
    if (now() < until) return true;
    setAsideUntil.delete(id);
    return false;
  }

  function setAside({ id }: dueDialogs.DueDialog): void {
    setAsideUntil.set(id, addMs(now(), setAsideMs));
    const [oldest] = setAsideUntil.keys();
    if (setAsideUntil.size > setAsideMax && oldest !== undefined) setAsideUntil.delete(oldest);
  }
}
