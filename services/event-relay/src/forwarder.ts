import { setTimeout as delay } from 'node:timers/promises';
import { epochMsOf, timestampOf } from '@dialog/contracts/timestamp';
import * as outboxCursors from '@dialog/database/tables/outbox-cursors';
import * as heldBack from '@dialog/database/tables/outbox-held-back';
import { reader } from './altinn-events.ts';
import { forwardTurn, type TurnDeps, type TurnSettings } from './forward-turn.ts';
import { replayToAltinn } from './replay-to-altinn.ts';
import { type Rotation, startRotation } from './rotation.ts';
import { type Sessions, startSessions } from './sessions.ts';

export type ForwarderSettings = TurnSettings & {
  lanesAtOnceMax: number;
  pollMs: number;
  /** The longest pause between trials while the receiver is away: how late it is noticed that it is back. */
  awayPauseMaxMs: number;
  retryMaxMs: number;
};

const awayPauseMinMs = 500;

/**
 * Hands events over to Altinn Events for as long as it is not told to stop.
 *
 * It has nothing in common with the relay but the outbox: cursors, connections and pace of its own. So neither waits for
 * the other. What the receiver does not take is in Postgres: a few of it held back, the bulk still in the outbox, for
 * nothing is read on while the receiver is away.
 */
export function startForwarder(deps: TurnDeps, settings: ForwarderSettings): Sessions {
  let isFirst = true;
  return startSessions(
    async (stopping, onRunning) => {
      // What happened before somebody switched forwarding on is none of the receiver's business.
      if (isFirst) await outboxCursors.beginAtEnd(deps.db, reader);
      isFirst = false;
      await runSession(deps, settings, stopping, onRunning);
    },
    {
      doing: 'forwarding',
      retryMaxMs: settings.retryMaxMs,
      log: deps.log,
      interruptions: deps.metrics.interruptions,
    },
  );
}

async function runSession(
  deps: TurnDeps,
  settings: ForwarderSettings,
  stopping: AbortSignal,
  onRunning: () => void,
): Promise<void> {
  const over = new AbortController();
  const until = AbortSignal.any([stopping, over.signal]);
  const { promise: broken, reject: onFault } = Promise.withResolvers<never>();
  const alarms = new Map<number, NodeJS.Timeout>();
  const rotation = startRotation({ turn, turnsAtOnceMax: settings.lanesAtOnceMax, onFault });
  const loops = [poll(deps, settings, rotation, until, onRunning), replay(deps, settings, until)];
  try {
    await Promise.race([Promise.all(loops), broken]);
  } finally {
    over.abort();
    for (const alarm of alarms.values()) clearTimeout(alarm);
    await Promise.allSettled([...loops, rotation.stop()]);
  }

  async function turn(lane: number): Promise<boolean> {
    const { more, nextDueAt } = await forwardTurn(deps, settings, lane, until);
    if (deps.receiver.isAway() || until.aborted) return false;
    // The next poll would be too late for the short pauses.
    const dueInMs = nextDueAt === undefined ? Number.POSITIVE_INFINITY : epochMsOf(nextDueAt) - Date.now();
    clearTimeout(alarms.get(lane));
    if (dueInMs < settings.pollMs)
      alarms.set(
        lane,
        setTimeout(() => rotation.wake(lane), Math.max(1, dueInMs)),
      );
    return more;
  }
}

/** Wakes the lanes that have something to forward: all of them, or one now and then while the receiver is away. */
async function poll(
  deps: TurnDeps,
  { pollMs, awayPauseMaxMs }: ForwarderSettings,
  rotation: Rotation,
  until: AbortSignal,
  onRunning: () => void,
): Promise<void> {
  const { db, receiver } = deps;
  let isBack = false;
  let cutPauseShort = () => {};
  receiver.onReturn(() => {
    isBack = true;
    cutPauseShort();
  });
  let awayPauseMs = awayPauseMinMs;
  for (let round = 0; !until.aborted; round += 1) {
    const now = timestampOf(Date.now());
    // Lanes may be added while we run.
    await outboxCursors.ensure(db, reader);
    if (isBack) {
      isBack = false;
      await heldBack.makeDue(db, reader, now);
    }
    const isAway = receiver.isAway();
    const [behind, due] = await Promise.all([
      outboxCursors.behind(db, reader),
      heldBack.lanesDue(db, reader, isAway ? heldBack.whenever : now),
    ]);
    const lanes = [...new Set([...due, ...behind.map(({ lane }) => lane)])].sort((one, other) => one - other);
    for (const lane of isAway ? lanes.slice(round % Math.max(1, lanes.length)).slice(0, 1) : lanes) rotation.wake(lane);
    if (round === 0) onRunning();
    awayPauseMs = isAway ? Math.min(awayPauseMaxMs, awayPauseMs * 2) : awayPauseMinMs;
    const returned = new Promise<void>((resolve) => {
      cutPauseShort = resolve;
    });
    // It may have come back while we were looking.
    if (isBack) continue;
    const pause = new AbortController();
    const signal = AbortSignal.any([until, pause.signal]);
    await Promise.race([delay(isAway ? awayPauseMs : pollMs, undefined, { signal }).catch(() => {}), returned]);
    pause.abort();
  }
}

/**
 * Sees to what operators want replayed. Beside the poll, which new events wait for: there may be thousands, and a receiver
 * may take its time for each.
 */
async function replay(deps: TurnDeps, { pollMs, publicUrl }: ForwarderSettings, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    const more = !deps.receiver.isAway() && (await replayToAltinn(deps, publicUrl, until));
    if (!more) await delay(pollMs, undefined, { signal: until }).catch(() => {});
  }
}
