import { isTimeLimit } from '@dialog/database/faults';
import type { Database } from '@dialog/database/open';
import type { Dialog } from '@dialog/domain/dialog';
import { sql } from 'kysely';
import { jsonObjectFrom } from 'kysely/helpers/postgres';
import { read } from '../database-reads.ts';
import type { SummarisedDialog } from '../dialog-view.ts';
import { asPrinted, jsonText, lastVisitsOf, type ShownActivity, type ShownVisit } from '../read-dialog.ts';
import { type Page, type PageRequest, pageFrom, pickDialogs, sorting } from './find-page.ts';

/** What a list shows of a dialog, as it was at one moment. */
export type ListedDialog = SummarisedDialog &
  Pick<Dialog, 'content'> & {
    guiAttachmentCount: number;
    latestActivity: ShownActivity | null;
    /** Of each end user, the last visit since the content last changed. */
    lastVisits: ShownVisit[];
  };

const columns = [
  'id',
  'org',
  'party',
  'service_resource as serviceResource',
  'service_resource_type as serviceResourceType',
  'revision',
  'status',
  'progress',
  'extended_status as extendedStatus',
  'external_reference as externalReference',
  'process',
  'preceding_process as precedingProcess',
  'is_api_only as isApiOnly',
  'due_at as dueAt',
  'visible_from as visibleFrom',
  'created_at as createdAt',
  'updated_at as updatedAt',
  'content_updated_at as contentUpdatedAt',
  'deleted_at as deletedAt',
  'content',
  'system_labels as systemLabels',
  'end_user_context_revision as endUserContextRevision',
  'service_owner_labels as serviceOwnerLabels',
  'service_owner_context_revision as serviceOwnerContextRevision',
  'content_seen as contentSeen',
  'from_service_owner_transmissions_count as fromServiceOwnerTransmissionsCount',
  'from_party_transmissions_count as fromPartyTransmissionsCount',
  'unopened_transmissions_count as unopenedTransmissionsCount',
  'unopened_content_override as unopenedContentOverride',
  'correspondence_opened as correspondenceOpened',
] as const;

/** Counted where they are stored: the attachments themselves, which may be many, are no part of a list. */
const guiAttachmentCount = sql<number>`jsonb_array_length(
  jsonb_path_query_array(attachments, '$[*] ? (exists (@.urls[*] ? (@.consumerType == "Gui")))')
)`;

/**
 * Reads a page of dialogs, in one statement: one round trip, and one snapshot of dialogs and what is in them.
 *
 * @returns `too-broad` when the time for a statement was not enough to look for words
 * @throws DatabaseUnavailable
 */
export async function listDialogs(db: Database, page: PageRequest): Promise<Page<ListedDialog> | 'too-broad'> {
  try {
    const rows = await read(() => dialogPageQuery(db, page).execute());
    return pageFrom(
      rows.map(({ latestActivity, lastVisits, ...dialog }) => ({
        ...dialog,
        latestActivity: latestActivity === null ? null : JSON.parse(latestActivity),
        lastVisits: JSON.parse(lastVisits),
      })),
      page.limit,
    );
  } catch (err) {
    const isTooBroad = page.filter.freeTexts !== undefined && err instanceof Error && isTimeLimit(err.cause);
    if (!isTooBroad) throw err;
    return 'too-broad';
  }
}

/** The statement behind {@link listDialogs}, by itself for those who ask how it is carried out. */
export function dialogPageQuery(db: Database, page: PageRequest) {
  return db
    .selectFrom('dialog')
    .select(columns)
    .select((dialog) => [
      guiAttachmentCount.as('guiAttachmentCount'),
      jsonText(
        jsonObjectFrom(
          dialog
            .selectFrom('dialog_activity')
            .select(['id', asPrinted('created_at').as('createdAt'), 'type', 'extended_type as extendedType'])
            .select(['transmission_id as transmissionId', 'performed_by as performedBy', 'description'])
            .whereRef('dialog_id', '=', 'dialog.id')
            .orderBy('created_at', 'desc')
            .orderBy('id', 'desc')
            .limit(1),
        ),
      ).as('latestActivity'),
      lastVisitsOf(dialog).as('lastVisits'),
    ])
    .where('id', 'in', db.selectFrom(pickDialogs(db, page).as('picked')).select('picked.id'))
    .orderBy(sorting(page.order, 'dialog'));
}
