import { sql } from 'kysely';
import type { Database } from '../open.ts';
import { insertRows } from '../rows.ts';

export type KeyHolder = { org: string; idempotentKey: string; dialogId: string; revision: string; deleted: boolean };

/** The dialogs that hold some keys; keys that are free are left out. */
export async function holders(
  db: Database,
  named: readonly { org: string; idempotentKey: string }[],
): Promise<KeyHolder[]> {
  if (named.length === 0) return [];
  const keys = sql<{ org: string; idempotent_key: string }>`(
    select * from unnest(
      ${named.map(({ org }) => org)}::text[], ${named.map(({ idempotentKey }) => idempotentKey)}::text[]
    ) as named (org, idempotent_key)
  )`;
  const rows = await db
    .selectFrom('dialog_idempotent_key as stored')
    .innerJoin(keys.as('named'), (join) =>
      join.onRef('stored.org', '=', 'named.org').onRef('stored.idempotent_key', '=', 'named.idempotent_key'),
    )
    .innerJoin('dialog', 'dialog.id', 'stored.dialog_id')
    .select(['stored.org', 'stored.idempotent_key as idempotentKey', 'stored.dialog_id as dialogId', 'dialog.revision'])
    .select((eb) => eb('dialog.deleted_at', 'is not', null).as('deleted'))
    .execute();
  return rows.map((row) => ({ ...row, deleted: Boolean(row.deleted) }));
}

export async function insert(
  trx: Database,
  held: readonly { org: string; idempotentKey: string; dialogId: string }[],
): Promise<void> {
  await insertRows(
    trx,
    'dialog_idempotent_key',
    held.map(({ org, idempotentKey, dialogId }) => ({ org, idempotent_key: idempotentKey, dialog_id: dialogId })),
  );
}
