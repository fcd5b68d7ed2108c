import * as outboxBypasses from '@dialog/database/tables/outbox-bypasses';
import { inTransaction } from '@dialog/database/transaction';
import { bypassAfter, isNoting, isOfBacklog, nextToNote } from './bypass.ts';
import { deliver, reader } from './deliver.ts';
import type { BatchDeps, BatchSettings } from './relay-batch.ts';

/**
 * The turn ahead of a lane: publishes new changes that pass the lane's backlog, after it has noted what may not.
 *
 * It locks the bypass and not the cursor, which is locked for as long as a batch of the backlog takes. Its commits wait for
 * the disk: what was sent ahead and forgotten would be repeated at the end of the backlog, when JetStream no longer knows
 * it.
 *
 * @returns whether there may be more; false as well when there is no bypass, or another relay is at work on it
 * @throws what Postgres or NATS fail with. The bypass is as it was.
 */
export async function relayAhead(deps: BatchDeps, settings: BatchSettings, lane: number): Promise<boolean> {
  return inTransaction(deps.db, async (trx) => {
    const [bypass, { newestSeq }] = await Promise.all([
      outboxBypasses.take(trx, reader, lane),
      outboxBypasses.find(trx, reader, lane),
    ]);
    if (bypass === undefined) return false;

    if (isNoting(bypass)) {
      const upTo = nextToNote(bypass, settings);
      await outboxBypasses.note(trx, reader, lane, bypass.notedSeq, upTo);
      await outboxBypasses.update(trx, reader, lane, { ...bypass, notedSeq: upTo });
      return true;
    }
    const limit = settings.batchRowsMax;
    const rows = await outboxBypasses.after(trx, reader, lane, { seq: bypass.aheadSeq, limit });
    const last = rows.at(-1);
    if (last === undefined) return false;
    await deliver(
      trx,
      deps,
      settings,
      lane,
      rows.filter((row) => !isOfBacklog(row)),
    );
    const next = bypassAfter(last.seq, newestSeq, settings);
    await outboxBypasses.update(trx, reader, lane, next);
    return rows.length === limit || next.aheadSeq > last.seq;
  });
}
