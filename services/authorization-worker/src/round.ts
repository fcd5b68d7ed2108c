import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@dialog/database/open';
import * as authorizationRounds from '@dialog/database/tables/authorization-rounds';
import type { Logger } from '@dialog/telemetry/logger';
import { reportRepeatedFaults } from '@dialog/telemetry/repeated-faults';
import type { AuthorizationMetrics } from './metrics.ts';

export type Round = {
  name: string;
  /** Between turns, whoever takes them. */
  everyMs: number;
  /** Between the end of the round and its beginning anew, for one that ends. */
  restMs?: number;
  turn: (position: string | null) => Promise<void>;
};

export type RoundDeps = { db: Database; log: Logger; metrics: AuthorizationMetrics };

/**
 * Takes turns in a round until it is told to stop. Workers share a round without knowing of each other: whose turn it is
 * is settled by Postgres, so that it needs neither Redis nor somebody who is in charge, and a killed worker's turn is
 * the next one's.
 */
export function startRound(deps: RoundDeps, round: Round): { stop: () => Promise<void> } {
  const { db, log, metrics } = deps;
  const { name, everyMs, restMs } = round;
  const stopping = new AbortController();
  const faults = reportRepeatedFaults(log, 'round interrupted, trying on', { round: name });
  const ended = keepGoing();

  return {
    async stop() {
      stopping.abort();
      await ended;
    },
  };

  async function keepGoing(): Promise<void> {
    while (!stopping.signal.aborted) {
      const taken = await takeTurn();
      // Who was too early comes again at some moment before the next turn is over, so that workers do not come in step.
      await pause(taken ? everyMs : everyMs * (0.25 + Math.random() / 2));
    }
  }

  async function takeTurn(): Promise<boolean> {
    try {
      const turn = await authorizationRounds.take(db, name, { everyMs, ...(restMs !== undefined && { restMs }) });
      if (turn !== undefined) await round.turn(turn.position);
      faults.forget();
      return turn !== undefined;
    } catch (err) {
      metrics.roundFaults.inc({ round: name });
      faults.failed(err);
      return true;
    }
  }

  async function pause(ms: number): Promise<void> {
    // Aborting is how the wait ends early, not a fault.
    await delay(ms, undefined, { signal: stopping.signal }).catch(() => {});
  }
}
