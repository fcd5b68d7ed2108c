import type { Operation, OwnedOperation } from '@dialog/contracts/operation';
import { anyOf } from '../any-of.ts';
import type { Database } from '../open.ts';
import { insertRows } from '../rows.ts';

const columns = ['id', 'org', 'status', 'kind', 'dialog_id', 'revision', 'problem', 'received_at', 'ended_at'] as const;

/** Operations that have ended, by id. One that is missing is still on its lane, or never was. */
export async function find(db: Database, ids: readonly string[]): Promise<Map<string, OwnedOperation>> {
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom('operation').select(columns).where('id', '=', anyOf(ids)).execute();
  return new Map(
    rows.map((row): [string, OwnedOperation] => [
      row.id,
      {
        id: row.id,
        org: row.org,
        status: row.status,
        kind: row.kind,
        dialogId: row.dialog_id,
        ...(row.revision !== null && { revision: row.revision }),
        ...(row.problem !== null && { problem: row.problem }),
        receivedAt: row.received_at,
        endedAt: row.ended_at,
      },
    ]),
  );
}

export async function insert(trx: Database, ended: readonly (Operation & { org: string })[]): Promise<void> {
  await insertRows(
    trx,
    'operation',
    ended.map((operation) => ({
      id: operation.id,
      org: operation.org,
      dialog_id: operation.dialogId,
      kind: operation.kind,
      status: operation.status,
      revision: operation.revision ?? null,
      problem: operation.problem ?? null,
      received_at: operation.receivedAt,
      ended_at: operation.endedAt ?? null,
    })),
  );
}
