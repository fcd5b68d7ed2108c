import type { LabelAssignment } from '@dialog/domain/dialog';
import type { Database } from '../open.ts';
import { insertRows } from '../rows.ts';

/** What has become of a dialog's labels, oldest first. */
export async function list(db: Database, dialogId: string): Promise<LabelAssignment[]> {
  return db
    .selectFrom('dialog_label_log')
    .select(['dialog_id as dialogId', 'id', 'created_at as createdAt', 'name', 'action', 'performed_by as performedBy'])
    .where('dialog_id', '=', dialogId)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

export async function insert(trx: Database, assignments: readonly LabelAssignment[]): Promise<void> {
  await insertRows(
    trx,
    'dialog_label_log',
    assignments.map(({ dialogId, id, createdAt, name, action, performedBy }) => ({
      ...{ dialog_id: dialogId, id, created_at: createdAt, name, action, performed_by: performedBy },
    })),
  );
}
