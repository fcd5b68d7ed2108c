import { setTimeout as delay } from 'node:timers/promises';
import { epochMsOf, type Timestamp } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import { ensurePartitions } from '@dialog/database/partitions';
import * as lanes from '@dialog/database/tables/lanes';
import * as partyResources from '@dialog/database/tables/party-resources';
import type { Logger } from '@dialog/telemetry/logger';
import { sql } from 'kysely';

const retryMs = 1_000;
const refreshMs = 60 * 60 * 1_000;

/**
 * Sees to it that the rows of the lanes and the coming days' partitions are there: now, and every hour from then on.
 * Waits while the database is away: a worker is started before it as well as after it. Waits too while its clock is wrong:
 * by that dialogs are dated and the outbox is kept.
 *
 * As often, but without waiting for it, what an older version has left out of `party_resource` is added: there may be
 * workers of that version for some time after the first of this one has been started.
 */
export async function keepPrepared(
  { db, log }: { db: Database; log: Logger },
  {
    laneCount,
    partitionDaysAhead,
    clockSkewMaxMs,
  }: { laneCount: number; partitionDaysAhead: number; clockSkewMaxMs: number },
  signal: AbortSignal,
): Promise<void> {
  await prepare();
  void addMissingPairs();
  void refresh();

  async function prepare(): Promise<void> {
    let reported = false;
    while (!signal.aborted) {
      try {
        await compareClocks(db, clockSkewMaxMs);
        await lanes.ensure(db, laneCount);
        await ensurePartitions(db, partitionDaysAhead);
        return;
      } catch (err) {
        if (!reported) log.warn({ err }, 'database not ready, trying on');
        reported = true;
        await pause(retryMs);
      }
    }
  }

  async function refresh(): Promise<void> {
    for (;;) {
      await pause(refreshMs);
      if (signal.aborted) return;
      await prepare();
      await addMissingPairs();
    }
  }

  async function addMissingPairs(): Promise<void> {
    try {
      const added = await partyResources.addMissing(db, signal);
      if (added > 0) log.info({ added }, 'pairs of parties and services were missing');
    } catch (err) {
      // What is missing is found in an hour, or by another worker.
      if (!signal.aborted) log.warn({ err }, 'pairs of parties and services not looked through');
    }
  }

  async function pause(ms: number): Promise<void> {
    // Aborting is how the wait ends early, not a fault.
    await delay(ms, undefined, { signal, ref: false }).catch(() => {});
  }
}

/** @throws when this machine's clock is off the database's by more than `skewMaxMs`, whatever the answer took */
async function compareClocks(db: Database, skewMaxMs: number): Promise<void> {
  const before = Date.now();
  const { rows } = await sql<{ now: Timestamp }>`select clock_timestamp() as now`.execute(db);
  const there = rows.map(({ now }) => epochMsOf(now))[0] ?? before;
  const skewMs = Math.max(before - there, there - Date.now());
  if (skewMs > skewMaxMs) throw new Error(`The clock is ${Math.round(skewMs / 1_000)} s off the database's.`);
}
