import type { KnownTransmission, Transmission } from '@dialog/domain/dialog';
import { sql } from 'kysely';
import { type NamedChild, namedChildren } from '../named-children.ts';
import type { Database } from '../open.ts';
import { insertRows, updateRows } from '../rows.ts';

const columns = [
  'dialog_id as dialogId',
  'id',
  'created_at as createdAt',
  'type',
  'extended_type as extendedType',
  'idempotent_key as idempotentKey',
  'authorization_attribute as authorizationAttribute',
  'external_reference as externalReference',
  'related_transmission_id as relatedTransmissionId',
  'depth',
  'replies_count as repliesCount',
  'opened',
  'sender',
  'content',
  'attachments',
  'navigational_actions as navigationalActions',
] as const;

/** A dialog's transmissions, oldest first. */
export async function list(db: Database, dialogId: string): Promise<Transmission[]> {
  return db
    .selectFrom('dialog_transmission')
    .select(columns)
    .where('dialog_id', '=', dialogId)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

export async function find(db: Database, dialogId: string, id: string): Promise<Transmission | undefined> {
  return db
    .selectFrom('dialog_transmission')
    .select(columns)
    .where('dialog_id', '=', dialogId)
    .where('id', '=', id)
    .executeTakeFirst();
}

/** Of the transmissions that are named, what decisions need to know; those that are not there are left out. */
export async function findKnown(db: Database, named: readonly NamedChild[]): Promise<KnownTransmission[]> {
  if (named.length === 0) return [];
  return db
    .selectFrom('dialog_transmission as stored')
    .innerJoin(namedChildren(named).as('named'), (join) =>
      join.onRef('stored.dialog_id', '=', 'named.dialog_id').onRef('stored.id', '=', 'named.id'),
    )
    .select(['stored.dialog_id as dialogId', 'stored.id', 'type', 'depth', 'replies_count as repliesCount', 'opened'])
    .execute();
}

/** Of some idempotent keys, those that a transmission of their dialog has. */
export async function usedKeys(
  db: Database,
  named: readonly { dialogId: string; idempotentKey: string }[],
): Promise<{ dialogId: string; idempotentKey: string }[]> {
  if (named.length === 0) return [];
  const keys = sql<{ dialog_id: string; idempotent_key: string }>`(
    select * from unnest(
      ${named.map(({ dialogId }) => dialogId)}::uuid[], ${named.map(({ idempotentKey }) => idempotentKey)}::text[]
    ) as key (dialog_id, idempotent_key)
  )`;
  return db
    .selectFrom('dialog_transmission as stored')
    .innerJoin(keys.as('key'), (join) =>
      join.onRef('stored.dialog_id', '=', 'key.dialog_id').onRef('stored.idempotent_key', '=', 'key.idempotent_key'),
    )
    .select(['key.dialog_id as dialogId', 'key.idempotent_key as idempotentKey'])
    .execute();
}

export async function insert(trx: Database, transmissions: readonly Transmission[]): Promise<void> {
  await insertRows(
    trx,
    'dialog_transmission',
    transmissions.map((transmission) => ({
      dialog_id: transmission.dialogId,
      id: transmission.id,
      created_at: transmission.createdAt,
      type: transmission.type,
      extended_type: transmission.extendedType,
      idempotent_key: transmission.idempotentKey,
      authorization_attribute: transmission.authorizationAttribute,
      external_reference: transmission.externalReference,
      related_transmission_id: transmission.relatedTransmissionId,
      depth: transmission.depth,
      replies_count: transmission.repliesCount,
      opened: transmission.opened,
      sender: transmission.sender,
      content: transmission.content,
      attachments: transmission.attachments,
      navigational_actions: transmission.navigationalActions,
    })),
  );
}

/** Writes what can happen to a transmission later: replies, and that somebody opened it. */
export async function touch(trx: Database, touched: readonly KnownTransmission[]): Promise<void> {
  await updateRows(
    trx,
    'dialog_transmission',
    ['dialog_id', 'id'],
    touched.map(({ dialogId, id, repliesCount, opened }) => ({
      dialog_id: dialogId,
      id,
      replies_count: repliesCount,
      opened,
    })),
  );
}
