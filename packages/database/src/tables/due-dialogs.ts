import type { Timestamp } from '@dialog/contracts/timestamp';
import { sql } from 'kysely';
import type { Database } from '../open.ts';

/** A dialog of which something has to be told because time has passed. */
export type DueDialog = {
  id: string;
  org: string;
  dueAt: Timestamp;
  /** Events that its party gets by it; null when it has been told of the dialog before. */
  withheldEventsCount: number | null;
};

/** The dialogs that are due by `until`, those that have been due for longest first, from after `after` on. */
export async function find(
  db: Database,
  { until, after, limit }: { until: Timestamp; after: Pick<DueDialog, 'id' | 'dueAt'> | undefined; limit: number },
): Promise<DueDialog[]> {
  const dueAt = sql<Timestamp>`visibility_due_at`;
  return db
    .selectFrom('dialog')
    .select(['id', 'org', dueAt.as('dueAt'), 'withheld_events_count as withheldEventsCount'])
    .where('visibility_due_at', '<=', until)
    .$if(after !== undefined, (query) =>
      query.where(sql<boolean>`(visibility_due_at, id) > (${after?.dueAt}, ${after?.id})`),
    )
    .orderBy('visibility_due_at')
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** When the first dialog is or was due; undefined when none will be. */
export async function firstDueAt(db: Database): Promise<Timestamp | undefined> {
  const row = await db
    .selectFrom('dialog')
    .select(sql<Timestamp>`visibility_due_at`.as('dueAt'))
    .where('visibility_due_at', 'is not', null)
    .orderBy('visibility_due_at')
    .limit(1)
    .executeTakeFirst();
  return row?.dueAt;
}

/**
 * The times between `after` and `until` at which dialogs are due, each put off to the next line of a grid: one hop in the
 * index for each line that is not empty, however many dialogs are due there.
 */
export async function dueTimes(
  db: Database,
  { after, until, gridMs }: { after: Timestamp; until: Timestamp; gridMs: number },
): Promise<Timestamp[]> {
  const { rows } = await sql<{ at: Timestamp }>`
    with recursive due (at) as (
      select ${lineAfter(sql`first.visibility_due_at`, gridMs)}
      from (
        select visibility_due_at from dialog
        where visibility_due_at > ${after} and visibility_due_at <= ${until} order by visibility_due_at limit 1
      ) as first
      union all
      select ${lineAfter(sql`next.visibility_due_at`, gridMs)}
      from due cross join lateral (
        select visibility_due_at from dialog
        where visibility_due_at >= due.at and visibility_due_at <= ${until} order by visibility_due_at limit 1
      ) as next
    )
    select at from due
  `.execute(db);
  return rows.map(({ at }) => at);
}

function lineAfter(time: ReturnType<typeof sql>, gridMs: number) {
  const grid = sql`(${gridMs}::int * interval '1 ms')`;
  return sql`date_bin(${grid}, ${time}, timestamptz '2000-01-01 00:00:00Z') + ${grid}`;
}
