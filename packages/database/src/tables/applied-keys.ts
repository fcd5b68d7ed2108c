import type { AppliedKey, NamedKey } from '@dialog/domain/applied-keys';
import { sql } from 'kysely';
import type { Database } from '../open.ts';
import { insertRows } from '../rows.ts';

/** Of some keys, those under which a change was applied; asks every partition that is kept. */
export async function find(db: Database, named: readonly NamedKey[]): Promise<AppliedKey[]> {
  if (named.length === 0) return [];
  const keys = sql<{ dialog_id: string; idempotent_key: string; org: string }>`(
    select * from unnest(
      ${named.map(({ dialogId }) => dialogId)}::uuid[], ${named.map(({ idempotentKey }) => idempotentKey)}::text[],
      ${named.map(({ org }) => org)}::text[]
    ) as named (dialog_id, idempotent_key, org)
  )`;
  return db
    .selectFrom('applied_key as stored')
    .innerJoin(keys.as('named'), (join) =>
      join
        .onRef('stored.dialog_id', '=', 'named.dialog_id')
        .onRef('stored.idempotent_key', '=', 'named.idempotent_key')
        .onRef('stored.org', '=', 'named.org'),
    )
    .select(['stored.dialog_id as dialogId', 'stored.idempotent_key as idempotentKey', 'stored.org'])
    .select(['stored.operation_id as operationId', 'stored.revision', 'stored.created_id as createdId'])
    .execute();
}

export async function insert(trx: Database, keys: readonly AppliedKey[]): Promise<void> {
  await insertRows(
    trx,
    'applied_key',
    keys.map(({ dialogId, idempotentKey, org, operationId, revision, createdId }) => ({
      dialog_id: dialogId,
      idempotent_key: idempotentKey,
      org,
      operation_id: operationId,
      revision,
      created_id: createdId,
    })),
  );
}
