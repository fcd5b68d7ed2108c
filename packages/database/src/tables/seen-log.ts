import type { SeenLogEntry } from '@dialog/domain/dialog';
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
