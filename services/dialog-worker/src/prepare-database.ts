import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@dialog/database/open';
import { ensurePartitions } from '@dialog/database/partitions';
import * as lanes from '@dialog/database/tables/lanes';
import type { Logger } from '@dialog/telemetry/logger';

const retryMs = 1_000;
const refreshMs = 60 * 60 * 1_000;

/**
 * Sees to it that the rows of the lanes and the coming days' partitions are there: now, and every hour from then on.
 * Waits while the database is away: a worker is started before it as well as after it.
 */
export async function keepPrepared(
  { db, log }: { db: Database; log: Logger },
  { laneCount, partitionDaysAhead }: { laneCount: number; partitionDaysAhead: number },
  signal: AbortSignal,
): Promise<void> {
  await prepare();
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
    }
  }

  async function pause(ms: number): Promise<void> {
    // Aborting is how the wait ends early, not a fault.
    await delay(ms, undefined, { signal, ref: false }).catch(() => {});
  }
}
