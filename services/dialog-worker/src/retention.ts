import { setTimeout as delay } from 'node:timers/promises';
import { epochMsOf } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import { dayMs, list } from '@dialog/database/partitions';
import { isBefore, type Retention, sweep, task } from '@dialog/database/retention';
import * as taskRuns from '@dialog/database/tables/task-runs';
import type { Logger } from '@dialog/telemetry/logger';
import type { RetentionMetrics } from './metrics.ts';

export type RetentionDeps = {
  db: Database;
  /** With the rights of the role that owns the tables; without, this process only measures. */
  owner: Database | undefined;
  log: Logger;
  metrics: RetentionMetrics;
};

export type RetentionSettings = {
  retentions: readonly Retention[];
  /** Between two sweeps, whoever makes them; and between two tries of one, a fiftieth of it. */
  periodMs: number;
  lockTimeoutMs: number;
};

/**
 * Has old partitions dropped from time to time. Workers share that without knowing of each other: Postgres tells when it
 * was last done, and lets one at a time do it.
 */
export function startRetention(deps: RetentionDeps, settings: RetentionSettings): { stop: () => Promise<void> } {
  const { log, owner } = deps;
  const { periodMs } = settings;
  const stopping = new AbortController();
  let reported: string | undefined;
  if (owner === undefined) log.info('no OWNER_DATABASE_URL: old partitions are left to other workers');
  const ended = keepGoing();

  return {
    async stop() {
      stopping.abort();
      await ended;
    },
  };

  async function keepGoing(): Promise<void> {
    // Workers that are started together do not come in step.
    await pause((periodMs / 50) * Math.random());
    while (!stopping.signal.aborted) {
      const done = await attempt();
      await pause((done ? periodMs : periodMs / 50) * (0.75 + Math.random() / 2));
    }
  }

  async function attempt(): Promise<boolean> {
    try {
      await sweepOnce(deps, settings);
      await measure(deps, settings);
      reported = undefined;
      return true;
    } catch (err) {
      deps.metrics.faults.inc();
      // Once for each way in which it fails: an outage is many attempts.
      const message = err instanceof Error ? err.message : String(err);
      if (message !== reported) log.warn({ err }, 'old partitions not dropped, trying on');
      reported = message;
      return false;
    }
  }

  async function pause(ms: number): Promise<void> {
    // Aborting is how the wait ends early, not a fault.
    await delay(ms, undefined, { signal: stopping.signal }).catch(() => {});
  }
}

async function sweepOnce({ db, owner, log, metrics }: RetentionDeps, settings: RetentionSettings): Promise<void> {
  if (owner === undefined) return;
  const last = await taskRuns.lastFinished(db, task);
  // Shorter than any of the jittered pauses, so that a worker that is alone never leaves one out.
  if (last !== undefined && Date.now() - epochMsOf(last) < settings.periodMs / 2) return;
  const swept = await sweep(owner, settings.retentions, settings);
  if (swept === undefined) return;
  metrics.dropped.inc(swept.dropped.length);
  if (swept.dropped.length > 0) log.info({ partitions: swept.dropped }, 'old partitions dropped');
  if (swept.kept.length > 0) log.warn({ partitions: swept.kept }, 'partitions kept beyond their retention');
}

/** Every worker tells the same, whoever does the work. */
async function measure({ db, metrics }: RetentionDeps, { retentions }: RetentionSettings): Promise<void> {
  const now = Date.now();
  const today = Math.floor(now / dayMs) * dayMs;
  for (const { table, keptDays } of retentions) {
    const partitions = await list(db, table);
    const begins = new Set(partitions.flatMap(({ state, beginsAtMs }) => (state === 'attached' ? beginsAtMs : [])));
    begins.delete(undefined);
    const [oldest] = partitions;
    metrics.oldest.set({ table }, oldest?.beginsAtMs === undefined ? 0 : (now - oldest.beginsAtMs) / 1_000);
    metrics.overdue.set({ table }, partitions.filter((each) => isBefore(each, now - keptDays * dayMs)).length);
    let ahead = 0;
    while (begins.has(today + (ahead + 1) * dayMs)) ahead += 1;
    metrics.ahead.set({ table }, ahead);
  }
  const last = await taskRuns.lastFinished(db, task);
  if (last !== undefined) metrics.finished.set(epochMsOf(last) / 1_000);
}
