import type { Timestamp } from '@dialog/contracts/timestamp';
import type { SeenLogEntry } from '@dialog/domain/dialog';
import { sql } from 'kysely';
import type { Database } from '../open.ts';
import { insertRows } from '../rows.ts';

const columns = [
  'dialog_id as dialogId',
  'id',
  'seen_at as seenAt',
  'seen_by as seenBy',
  'is_via_service_owner as isViaServiceOwner',
] as const;

/** All visits to a dialog, oldest first. */
export async function list(db: Database, dialogId: string): Promise<SeenLogEntry[]> {
  return db
    .selectFrom('dialog_seen_log')
    .select(columns)
    .where('dialog_id', '=', dialogId)
    .orderBy('seen_at')
    .orderBy('id')
    .execute();
}

export async function find(db: Database, dialogId: string, id: string): Promise<SeenLogEntry | undefined> {
  return db
    .selectFrom('dialog_seen_log')
    .select(columns)
    .where('dialog_id', '=', dialogId)
    .where('id', '=', id)
    .executeTakeFirst();
}

/** The last visits, at most `limit` of each end user to each dialog, newest first. */
export async function findLast(
  db: Database,
  visitors: readonly { dialogId: string; actorId: string }[],
  limit: number,
): Promise<{ dialogId: string; actorId: string; id: string; seenAt: Timestamp }[]> {
  if (visitors.length === 0) return [];
  const { rows } = await sql<{ dialogId: string; actorId: string; id: string; seenAt: Timestamp }>`
    select visitor.dialog_id as "dialogId", visitor.actor_id as "actorId", visit.id, visit.seen_at as "seenAt"
    from unnest(
      ${visitors.map(({ dialogId }) => dialogId)}::uuid[], ${visitors.map(({ actorId }) => actorId)}::text[]
    ) as visitor (dialog_id, actor_id)
    cross join lateral (
      select id, seen_at from dialog_seen_log
      where dialog_id = visitor.dialog_id and actor_id = visitor.actor_id
      order by seen_at desc, id desc
      limit ${limit}
    ) as visit
    order by visit.seen_at desc, visit.id desc
  `.execute(db);
  return rows;
}

export async function insert(trx: Database, entries: readonly SeenLogEntry[]): Promise<void> {
  await insertRows(
    trx,
    'dialog_seen_log',
    entries.map(({ dialogId, id, seenAt, seenBy, isViaServiceOwner }) => ({
      ...{ dialog_id: dialogId, id, seen_at: seenAt, seen_by: seenBy, is_via_service_owner: isViaServiceOwner },
      actor_id: seenBy.actorId,
    })),
  );
}
