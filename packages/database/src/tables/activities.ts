import type { Activity, KnownActivity, MovedActivity } from '@dialog/domain/dialog';
import { type NamedChild, namedChildren } from '../named-children.ts';
import type { Database } from '../open.ts';
import { insertRows, updateRows } from '../rows.ts';

const columns = [
  'dialog_id as dialogId',
  'id',
  'created_at as createdAt',
  'type',
  'extended_type as extendedType',
  'transmission_id as transmissionId',
  'performed_by as performedBy',
  'description',
] as const;

/** A dialog's activities, oldest first. */
export async function list(db: Database, dialogId: string): Promise<Activity[]> {
  return db
    .selectFrom('dialog_activity')
    .select(columns)
    .where('dialog_id', '=', dialogId)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

export async function find(db: Database, dialogId: string, id: string): Promise<Activity | undefined> {
  return db
    .selectFrom('dialog_activity')
    .select(columns)
    .where('dialog_id', '=', dialogId)
    .where('id', '=', id)
    .executeTakeFirst();
}

/**
 * Whether a dialog has an activity of a type and, where one is named, for a transmission. Undefined for a dialog that is
 * not there.
 */
export async function exists(
  db: Database,
  dialogId: string,
  { type, transmissionId }: Pick<Activity, 'type' | 'transmissionId'>,
): Promise<boolean | undefined> {
  const row = await db
    .selectFrom('dialog')
    .select((dialog) =>
      dialog
        .exists(
          dialog
            .selectFrom('dialog_activity')
            .select('id')
            .whereRef('dialog_id', '=', 'dialog.id')
            .where('type', '=', type)
            .$if(transmissionId !== null, (query) => query.where('transmission_id', '=', transmissionId)),
        )
        .as('found'),
    )
    .where('id', '=', dialogId)
    .executeTakeFirst();
  return row === undefined ? undefined : Boolean(row.found);
}

/** Of the activities that are named, what decisions need to know; those that are not there are left out. */
export async function findKnown(db: Database, named: readonly NamedChild[]): Promise<KnownActivity[]> {
  if (named.length === 0) return [];
  return db
    .selectFrom('dialog_activity as stored')
    .innerJoin(namedChildren(named).as('named'), (join) =>
      join.onRef('stored.dialog_id', '=', 'named.dialog_id').onRef('stored.id', '=', 'named.id'),
    )
    .select(['stored.dialog_id as dialogId', 'stored.id', 'type'])
    .execute();
}

export async function insert(trx: Database, activities: readonly Activity[]): Promise<void> {
  await insertRows(
    trx,
    'dialog_activity',
    activities.map((activity) => ({
      dialog_id: activity.dialogId,
      id: activity.id,
      created_at: activity.createdAt,
      type: activity.type,
      extended_type: activity.extendedType,
      transmission_id: activity.transmissionId,
      performed_by: activity.performedBy,
      description: activity.description,
    })),
  );
}

/** Writes the new times of activities that have moved. */
export async function move(trx: Database, moved: readonly MovedActivity[]): Promise<void> {
  await updateRows(
    trx,
    'dialog_activity',
    ['dialog_id', 'id'],
    moved.map(({ dialogId, id, createdAt }) => ({ dialog_id: dialogId, id, created_at: createdAt })),
  );
}
