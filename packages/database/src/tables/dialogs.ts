import type { Dialog } from '@dialog/domain/dialog';
import { sql } from 'kysely';
import { anyOf } from '../any-of.ts';
import type { Database } from '../open.ts';
import { quotedLexeme } from '../quoted-lexeme.ts';
import { insertRows, updateRows } from '../rows.ts';

/** Every column, under its name in the domain. */
export const columns = [
  'id',
  'org',
  'party',
  'service_resource as serviceResource',
  'service_resource_type as serviceResourceType',
  'idempotent_key as idempotentKey',
  'revision',
  'status',
  'progress',
  'extended_status as extendedStatus',
  'external_reference as externalReference',
  'process',
  'preceding_process as precedingProcess',
  'is_api_only as isApiOnly',
  'due_at as dueAt',
  'expires_at as expiresAt',
  'visible_from as visibleFrom',
  'created_at as createdAt',
  'updated_at as updatedAt',
  'content_updated_at as contentUpdatedAt',
  'deleted_at as deletedAt',
  'frozen',
  'content',
  'attachments',
  'gui_actions as guiActions',
  'api_actions as apiActions',
  'search_tags as searchTags',
  'system_labels as systemLabels',
  'end_user_context_revision as endUserContextRevision',
  'service_owner_labels as serviceOwnerLabels',
  'service_owner_context_revision as serviceOwnerContextRevision',
  'content_seen as contentSeen',
  'from_service_owner_transmissions_count as fromServiceOwnerTransmissionsCount',
  'from_party_transmissions_count as fromPartyTransmissionsCount',
  'unopened_transmissions_count as unopenedTransmissionsCount',
  'unopened_content_override as unopenedContentOverride',
  'contentless_transmissions_count as contentlessTransmissionsCount',
  'correspondence_opened as correspondenceOpened',
  'withheld_events_count as withheldEventsCount',
  'visibility_due_at as visibilityDueAt',
] as const;

export async function find(db: Database, ids: readonly string[]): Promise<Map<string, Dialog>> {
  if (ids.length === 0) return new Map();
  const dialogs = await db.selectFrom('dialog').select(columns).where('id', '=', anyOf(ids)).execute();
  return new Map(dialogs.map((dialog) => [dialog.id, dialog]));
}

/** The dialogs that have at least one of these service owner labels. */
export async function idsLabelled(db: Database, labels: readonly string[]): Promise<string[]> {
  if (labels.length === 0) return [];
  const rows = await labelled(db, labels).execute();
  return rows.map(({ id }) => id);
}

/** The query for {@link idsLabelled}, for at least one label. Labels are the lexemes of a text search index. */
export function labelled(db: Database, labels: readonly string[]) {
  return db
    .selectFrom('dialog')
    .select('id')
    .where('service_owner_labels', '<>', sql<string[]>`'{}'`)
    .where(sql<boolean>`array_to_tsvector(service_owner_labels) @@ ${labels.map(quotedLexeme).join(' | ')}::tsquery`);
}

export async function insert(trx: Database, dialogs: readonly Dialog[]): Promise<void> {
  await insertRows(
    trx,
    'dialog',
    dialogs.map((dialog) => ({ ...fixedOf(dialog), ...valuesOf(dialog), ...documentsOf(dialog) })),
  );
}

/**
 * Writes the present state of dialogs that exist. Documents (content, attachments, actions, search tags) are written
 * only where `documentsChanged`: adding a child to a dialog with large content must not write the content again, nor
 * look for the words in it.
 */
export async function update(
  trx: Database,
  changed: readonly { dialog: Dialog; documentsChanged: boolean }[],
): Promise<void> {
  const whole = changed.filter(({ documentsChanged }) => documentsChanged);
  const light = changed.filter(({ documentsChanged }) => !documentsChanged);
  await updateRows(
    trx,
    'dialog',
    ['id'],
    whole.map(({ dialog }) => ({ ...valuesOf(dialog), ...documentsOf(dialog) })),
  );
  await updateRows(
    trx,
    'dialog',
    ['id'],
    light.map(({ dialog }) => valuesOf(dialog)),
  );
}

/** What never changes once a dialog is there. */
function fixedOf(dialog: Dialog) {
  return {
    org: dialog.org,
    party: dialog.party,
    service_resource: dialog.serviceResource,
    service_resource_type: dialog.serviceResourceType,
    idempotent_key: dialog.idempotentKey,
    visible_from: dialog.visibleFrom,
    created_at: dialog.createdAt,
  };
}

function valuesOf(dialog: Dialog) {
  return {
    id: dialog.id,
    revision: dialog.revision,
    status: dialog.status,
    progress: dialog.progress,
    extended_status: dialog.extendedStatus,
    external_reference: dialog.externalReference,
    process: dialog.process,
    preceding_process: dialog.precedingProcess,
    is_api_only: dialog.isApiOnly,
    due_at: dialog.dueAt,
    expires_at: dialog.expiresAt,
    updated_at: dialog.updatedAt,
    content_updated_at: dialog.contentUpdatedAt,
    deleted_at: dialog.deletedAt,
    frozen: dialog.frozen,
    system_labels: dialog.systemLabels,
    end_user_context_revision: dialog.endUserContextRevision,
    service_owner_labels: dialog.serviceOwnerLabels,
    service_owner_context_revision: dialog.serviceOwnerContextRevision,
    content_seen: dialog.contentSeen,
    from_service_owner_transmissions_count: dialog.fromServiceOwnerTransmissionsCount,
    from_party_transmissions_count: dialog.fromPartyTransmissionsCount,
    unopened_transmissions_count: dialog.unopenedTransmissionsCount,
    unopened_content_override: dialog.unopenedContentOverride,
    contentless_transmissions_count: dialog.contentlessTransmissionsCount,
    correspondence_opened: dialog.correspondenceOpened,
    withheld_events_count: dialog.withheldEventsCount,
    visibility_due_at: dialog.visibilityDueAt,
  };
}

function documentsOf(dialog: Dialog) {
  return {
    content: dialog.content,
    attachments: dialog.attachments,
    gui_actions: dialog.guiActions,
    api_actions: dialog.apiActions,
    search_tags: dialog.searchTags,
  };
}
