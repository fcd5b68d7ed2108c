import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@dialog/database/open';
import { ensurePartitions } from '@dialog/database/partitions';
import * as lanes from '@dialog/database/tables/lanes';
import * as partyResources from '@dialog/database/tables/party-resources';
import type { Logger } from '@dialog/telemetry/logger';

const retryMs = 1_000;
const refreshMs = 60 * 60 * 1_000;

/**
 * Sees to it that the rows of the lanes and the coming days' partitions are there: now, and every hour from then on.
 * Waits while the database is away: a worker is started before it as well as after it.
 *
 * As often, but without waiting for it, what an older version has left out of `party_resource` is added: there may be
 * workers of that version for some time after the first of this one has been started.
 */
export async function keepPrepared(
  { db, log }: { db: Database; log: Logger },
  { laneCount, partitionDaysAhead }: { laneCount: number; partitionDaysAhead: number },
  signal: AbortSignal,
): Promise<void> {
  await prepare();
  void addMissingPairs();
  void refresh();

  async function prepare(): Promise<void> {
    let reported = false;
    while (!signal.aborted) {
      try {
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
