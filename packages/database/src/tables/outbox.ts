import type { DialogChange } from '@dialog/contracts/dialog-event';
import type { Database } from '../open.ts';
import { insertRows } from '../rows.ts';

/**
 * Adds a lane's changes in the order given, in the transaction that made them.
 *
 * `seq` counts per lane and without gaps, under the lane's lock (see lanes.lock). So its order is the order of commits,
 * and a reader that remembers how far it came never skips a row. A sequence would not do: its numbers are drawn before
 * commit, and a row whose transaction was slow would turn up behind a reader that had already passed.
 *
 * @param before the lane's newest number, as lanes.lock told it
 */
export async function append(
  trx: Database,
  lane: number,
  before: number,
  changes: readonly DialogChange[],
): Promise<void> {
  if (changes.length === 0) return;
  const rows = changes.map((change, index) => ({
    lane,
    seq: before + index + 1,
    occurred_at: change.occurredAt,
    change,
  }));
  await Promise.all([
    insertRows(trx, 'outbox', rows),
    trx
      .updateTable('lane')
      .set({ outbox_seq: before + changes.length })
      .where('id', '=', lane)
      .execute(),
  ]);
}

export type OutboxRow = { seq: number; change: string };

/** At most `limit` rows of a lane after `seq`, oldest first. `change` is the JSON of a DialogChange, unparsed. */
export async function after(db: Database, lane: number, seq: number, limit: number): Promise<OutboxRow[]> {
  return db
    .selectFrom('outbox')
    .select(['seq', 'change'])
    .where('lane', '=', lane)
    .where('seq', '>', seq)
    .orderBy('seq')
    .limit(limit)
    .execute();
}
