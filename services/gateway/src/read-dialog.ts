import type { Timestamp } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import * as dialogs from '@dialog/database/tables/dialogs';
import type { Activity, Dialog, Transmission } from '@dialog/domain/dialog';
import { type Expression, type RawBuilder, sql } from 'kysely';
import { jsonArrayFrom } from 'kysely/helpers/postgres';
import { read } from './database-reads.ts';

/** A dialog with all its children, oldest first, as they were at one moment. */
export type WholeDialog = { dialog: Dialog; transmissions: ShownTransmission[]; activities: ShownActivity[] };
export type ShownTransmission = Omit<Transmission, 'dialogId' | 'depth' | 'repliesCount'>;
export type ShownActivity = Omit<Activity, 'dialogId'>;

/** As the driver writes timestamps that it reads itself; inside JSON, Postgres writes them otherwise. */
const createdAt = sql<Timestamp>`to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"0Z"')`;

/**
 * Reads everything of a dialog in one statement, so in one round trip and from one snapshot: with a statement each, the
 * revision could be newer than the children, and an update with If-Match would pass that has not seen them.
 *
 * @throws DatabaseUnavailable
 */
export async function readDialog(db: Database, id: string, { org, rights }: Reader): Promise<WholeDialog | undefined> {
  const row = await read(() =>
    db
      .selectFrom('dialog')
      .select(dialogs.columns)
      .select((dialog) => [
        jsonText(
          jsonArrayFrom(
            dialog
              .selectFrom('dialog_transmission')
              .select(['id', createdAt.as('createdAt'), 'type', 'opened', 'sender', 'content', 'attachments'])
              .select(['extended_type as extendedType', 'external_reference as externalReference'])
              .select(['idempotent_key as idempotentKey', 'authorization_attribute as authorizationAttribute'])
              .select(['related_transmission_id as relatedTransmissionId'])
              .select(['navigational_actions as navigationalActions'])
              .whereRef('dialog_id', '=', 'dialog.id')
              .orderBy('created_at')
              .orderBy('id'),
          ),
        ).as('transmissions'),
        jsonText(
          jsonArrayFrom(
            dialog
              .selectFrom('dialog_activity')
              .select(['id', createdAt.as('createdAt'), 'type', 'extended_type as extendedType', 'description'])
              .select(['transmission_id as transmissionId', 'performed_by as performedBy'])
              .whereRef('dialog_id', '=', 'dialog.id')
              .orderBy('created_at')
              .orderBy('id'),
          ),
        ).as('activities'),
      ])
      .where('id', '=', id)
      .$if(!rights.admin, (query) => query.where('org', '=', org))
      .executeTakeFirst(),
  );
  if (row === undefined) return undefined;
  const { transmissions, activities, ...dialog } = row;
  return { dialog, transmissions: JSON.parse(transmissions), activities: JSON.parse(activities) };
}

/** Who reads, and what they may: an organisation its own dialogs, an administrator all. */
export type Reader = { org: string; rights: { admin: boolean } };

/**
 * Finds a dialog that the reader may know of. Another organisation's dialog does not exist for it.
 *
 * @throws DatabaseUnavailable
 */
export async function findReadableDialog(
  db: Database,
  id: string,
  { org, rights }: Reader,
): Promise<Pick<Dialog, 'deletedAt'> | undefined> {
  const found = await read(() =>
    db.selectFrom('dialog').select(['org', 'deleted_at as deletedAt']).where('id', '=', id).executeTakeFirst(),
  );
  return found !== undefined && (found.org === org || rights.admin) ? found : undefined;
}

function jsonText(list: Expression<unknown>): RawBuilder<string> {
  return sql<string>`${list}::text`;
}
