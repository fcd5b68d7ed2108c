import type { LabelAssignment } from '@dialog/domain/dialog';
import type { Database } from '../open.ts';
import { insertRows } from '../rows.ts';

export async function insert(trx: Database, assignments: readonly LabelAssignment[]): Promise<void> {
  await insertRows(
    trx,
    'dialog_label_log',
    assignments.map(({ dialogId, id, createdAt, name, action, performedBy }) => ({
      ...{ dialog_id: dialogId, id, created_at: createdAt, name, action, performed_by: performedBy },
    })),
  );
}
