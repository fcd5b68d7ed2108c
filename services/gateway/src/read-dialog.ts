import type { Timestamp } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import type { DB } from '@dialog/database/schema';
import * as dialogs from '@dialog/database/tables/dialogs';
import type { Activity, Dialog, SeenLogEntry, Transmission } from '@dialog/domain/dialog';
import { type Expression, type ExpressionBuilder, type RawBuilder, sql } from 'kysely';
import { jsonArrayFrom } from 'kysely/helpers/postgres';
import { read } from './database-reads.ts';

/** A dialog with all its children, oldest first, as they were at one moment. */
export type WholeDialog = {
  dialog: Dialog;
  transmissions: ShownTransmission[];
  activities: ShownActivity[];
  /** Of each end user, the last visit since the content last changed. */
  lastVisits: ShownVisit[];
};
export type ShownTransmission = Omit<Transmission, 'dialogId' | 'depth' | 'repliesCount'>;
export type ShownActivity = Omit<Activity, 'dialogId'>;
export type ShownVisit = Omit<SeenLogEntry, 'dialogId'>;

const createdAt = asPrinted('created_at');

/**
 * Reads everything of a dialog in one statement, so in one round trip and from one snapshot: with a statement each, the
 * revision could be newer than the children, and an update with If-Match would pass that has not seen them.
 *
 * @param reader an organisation finds its own; what an end user may see has to be settled with what is found
 * @throws DatabaseUnavailable
 */
export async function readDialog(
  db: Database,
  id: string,
  reader: Reader | 'end-user',
): Promise<WholeDialog | undefined> {
  const onlyOf = reader === 'end-user' || reader.rights.admin ? null : reader.org;
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
        lastVisitsOf(dialog).as('lastVisits'),
      ])
      .where('id', '=', id)
      .$if(onlyOf !== null, (query) => query.where('org', '=', onlyOf))
      .executeTakeFirst(),
  );
  if (row === undefined) return undefined;
  const { transmissions, activities, lastVisits, ...dialog } = row;
  return {
    dialog,
    transmissions: JSON.parse(transmissions),
    activities: JSON.parse(activities),
    lastVisits: JSON.parse(lastVisits),
  };
}

/** Of each end user, the last visit to a dialog since its content last changed, as JSON. */
export function lastVisitsOf(dialog: ExpressionBuilder<DB, 'dialog'>): RawBuilder<string> {
  return jsonText(
    jsonArrayFrom(
      dialog
        .selectFrom(
          dialog
            .selectFrom('dialog_seen_log')
            .distinctOn('actor_id')
            .select(['id', 'seen_at', 'seen_by', 'is_via_service_owner'])
            .whereRef('dialog_id', '=', 'dialog.id')
            .whereRef('seen_at', '>=', 'dialog.content_updated_at')
            .orderBy('actor_id')
            .orderBy('seen_at', 'desc')
            .orderBy('id', 'desc')
            .as('last_visit'),
        )
        .select(['id', asPrinted('seen_at').as('seenAt'), 'seen_by as seenBy'])
        .select('is_via_service_owner as isViaServiceOwner')
        .orderBy('seen_at')
        .orderBy('id'),
    ),
  );
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
): Promise<Pick<Dialog, 'deletedAt' | 'visibleFrom' | 'contentlessTransmissionsCount'> | undefined> {
  const found = await read(() =>
    db
      .selectFrom('dialog')
      .select(['org', 'deleted_at as deletedAt', 'visible_from as visibleFrom'])
      .select('contentless_transmissions_count as contentlessTransmissionsCount')
      .where('id', '=', id)
      .executeTakeFirst(),
  );
  return found !== undefined && (found.org === org || rights.admin) ? found : undefined;
}

/** A timestamp as the driver writes those that it reads itself; inside JSON, Postgres writes them otherwise. */
export function asPrinted(column: string): RawBuilder<Timestamp> {
  return sql<Timestamp>`to_char(${sql.ref(column)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"0Z"')`;
}

/** JSON unparsed: parsed at once, its parts are not read as if they were columns. */
export function jsonText<Value>(json: Expression<Value>): RawBuilder<null extends Value ? string | null : string> {
  return sql`${json}::text`;
}
