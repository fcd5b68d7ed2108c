import type { KnownTransmission, Transmission } from '@dialog/domain/dialog';
import { sql } from 'kysely';
import { type NamedChild, namedChildren } from '../named-children.ts';
import type { Database } from '../open.ts';
import { insertRows, updateRows } from '../rows.ts';

const columns = [
  'stored.dialog_id as dialogId',
  'stored.id',
  'stored.created_at as createdAt',
  'stored.type',
  'stored.extended_type as extendedType',
  'stored.idempotent_key as idempotentKey',
  'stored.authorization_attribute as authorizationAttribute',
  'stored.external_reference as externalReference',
  'stored.related_transmission_id as relatedTransmissionId',
  'stored.depth',
  'stored.replies_count as repliesCount',
  'stored.opened',
  'stored.sender',
  'stored.content',
  'stored.attachments',
  'stored.navigational_actions as navigationalActions',
] as const;

/** A dialog's transmissions, oldest first. */
export async function list(db: Database, dialogId: string): Promise<Transmission[]> {
  return db
    .selectFrom('dialog_transmission as stored')
    .select(columns)
    .where('stored.dialog_id', '=', dialogId)
    .orderBy('stored.created_at')
    .orderBy('stored.id')
    .execute();
}

export async function find(db: Database, dialogId: string, id: string): Promise<Transmission | undefined> {
  return db
    .selectFrom('dialog_transmission as stored')
    .select(columns)
    .where('stored.dialog_id', '=', dialogId)
    .where('stored.id', '=', id)
    .executeTakeFirst();
}

/** What decisions need to know, of rows that are called `stored`. */
const known = [
  'stored.dialog_id as dialogId',
  'stored.id',
  'stored.type',
  'stored.related_transmission_id as relatedTransmissionId',
  'stored.depth',
  'stored.replies_count as repliesCount',
  'stored.opened',
] as const;

/** Of the transmissions that are named, what decisions need to know; those that are not there are left out. */
export async function findKnown(db: Database, named: readonly NamedChild[]): Promise<KnownTransmission[]> {
  if (named.length === 0) return [];
  return db
    .selectFrom('dialog_transmission as stored')
    .innerJoin(namedChildren(named).as('named'), (join) =>
      join.onRef('stored.dialog_id', '=', 'named.dialog_id').onRef('stored.id', '=', 'named.id'),
    )
    .select(known)
    .execute();
}

/** The transmissions that are named, whole. */
export async function findWhole(db: Database, named: readonly NamedChild[]): Promise<Transmission[]> {
  if (named.length === 0) return [];
  return db
    .selectFrom('dialog_transmission as stored')
    .innerJoin(namedChildren(named).as('named'), (join) =>
      join.onRef('stored.dialog_id', '=', 'named.dialog_id').onRef('stored.id', '=', 'named.id'),
    )
    .select(columns)
    .execute();
}

/**
 * What moving transmissions in their hierarchies looks at: of those whose relation is to become another, the parent, and
 * if they have replies the whole hierarchy of their dialog, which can be tens of thousands of rows. A correction that
 * moves nothing finds nothing.
 */
export async function findAffectedByMoves(
  db: Database,
  corrections: readonly (NamedChild & { relatedTransmissionId: string | null })[],
): Promise<KnownTransmission[]> {
  if (corrections.length === 0) return [];
  const named = sql<{ dialog_id: string; id: string; related_transmission_id: string | null }>`(
    select * from unnest(
      ${corrections.map(({ dialogId }) => dialogId)}::uuid[], ${corrections.map(({ id }) => id)}::uuid[],
      ${corrections.map(({ relatedTransmissionId }) => relatedTransmissionId)}::uuid[]
    ) as correction (dialog_id, id, related_transmission_id)
  )`;
  return db
    .with('moving', (query) =>
      query
        .selectFrom('dialog_transmission as before')
        .innerJoin(named.as('named'), (join) =>
          join.onRef('before.dialog_id', '=', 'named.dialog_id').onRef('before.id', '=', 'named.id'),
        )
        .whereRef('before.related_transmission_id', 'is distinct from', 'named.related_transmission_id')
        .select(['before.dialog_id', 'before.related_transmission_id as parent_id', 'before.replies_count']),
    )
    .selectFrom('dialog_transmission as stored')
    .innerJoin('moving', (join) =>
      join.onRef('stored.dialog_id', '=', 'moving.dialog_id').onRef('stored.id', '=', 'moving.parent_id'),
    )
    .select(known)
    .union((query) =>
      query
        .selectFrom('dialog_transmission as stored')
        .where('stored.dialog_id', 'in', (moving) =>
          moving.selectFrom('moving').select('dialog_id').where('replies_count', '>', 0),
        )
        .select(known),
    )
    .execute();
}

/** Of some idempotent keys, those that a transmission of their dialog has, and which one. */
export async function usedKeys(
  db: Database,
  named: readonly { dialogId: string; idempotentKey: string }[],
): Promise<{ dialogId: string; idempotentKey: string; id: string }[]> {
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
    .select(['key.dialog_id as dialogId', 'key.idempotent_key as idempotentKey', 'stored.id'])
    .execute();
}

export async function insert(trx: Database, transmissions: readonly Transmission[]): Promise<void> {
  await insertRows(trx, 'dialog_transmission', transmissions.map(rowOf));
}

/** Writes transmissions that are there already, whole. */
export async function correct(trx: Database, corrected: readonly Transmission[]): Promise<void> {
  await updateRows(trx, 'dialog_transmission', ['dialog_id', 'id'], corrected.map(rowOf));
}

/** Writes what can happen to a transmission later: replies, another place in the hierarchy, that somebody opened it. */
export async function touch(trx: Database, touched: readonly KnownTransmission[]): Promise<void> {
  await updateRows(
    trx,
    'dialog_transmission',
    ['dialog_id', 'id'],
    touched.map(({ dialogId, id, depth, repliesCount, opened }) => ({
      dialog_id: dialogId,
      id,
      depth,
      replies_count: repliesCount,
      opened,
    })),
  );
}

function rowOf(transmission: Transmission) {
  return {
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
  };
}
