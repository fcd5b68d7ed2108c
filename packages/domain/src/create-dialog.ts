import type { CommandOf } from '@dialog/contracts/commands';
import type { SystemLabel } from '@dialog/contracts/enumerations';
import { latestOf } from '@dialog/contracts/timestamp';
import { appendActivities, reservedActivityTypes } from './append-activities.ts';
import { appendTransmissions, usedTransmissionKeys } from './append-transmissions.ts';
import { afterAppending } from './counters.ts';
import { type Dialog, isCurrent } from './dialog.ts';
import { type DialogState, emptyState, orgKey } from './dialog-state.ts';
import { eventsOf } from './events.ts';
import { identifiedApiAction, identifiedAttachment, identifiedGuiAction, partIds } from './identified.ts';
import { foreignReferences } from './open-for-change.ts';
import { applied, type Context, changeOf, Errors, type Outcome, rejected, repeated } from './outcome.ts';
import { withSent } from './system-labels.ts';
import { addTakenIds } from './taken-ids.ts';

/** Dialogs from before this moment count as seen: they came with a migration (service owner API, section 13.7). */
const seenBefore = '2025-12-01T00:00:00.0000000Z';

/** Stands for what is not known of a resource, until the dialog is rejected for it. */
const unknownResource = { org: '', type: '' };

/**
 * Decides whether a dialog may be created, checks in the order of section 15 of the service owner API: a broken rule
 * (422) is told with the others that come later, and instead of a 403 or 409 that comes later. Whether another dialog with
 * the same key is a conflict or the answer, the command says.
 */
export function createDialog(state: DialogState, command: CommandOf<'CreateDialog'>, context: Context): Outcome {
  const { dialogId, payload, rights, silent, facts } = command;
  const resource = command.resource ?? unknownResource;
  const { now } = context;
  const rules = new Errors();
  const storage = new Errors();

  if (command.resource === null) {
    rules.add('ServiceResource', `The registry has no resource ${payload.serviceResource} that dialogs can be about.`);
    rules.add('Org', `No owner is known of the resource ${payload.serviceResource}.`);
  } else {
    const foreign = foreignReferences({ serviceResourceType: resource.type }, command);
    if (foreign !== undefined) return foreign;
  }

  const holder =
    payload.idempotentKey === null ? undefined : state.dialogKeys.get(orgKey(resource.org, payload.idempotentKey));
  if (holder !== undefined && command.idempotentKey !== undefined) {
    return repeated(holder.revision, { dialogId: holder.dialogId, createdId: null });
  }
  if (holder !== undefined && !holder.deleted) {
    return rejected(409, {
      IdempotentKey: [`'${payload.idempotentKey}' already exists with DialogId '${holder.dialogId}'`],
    });
  }

  if (!rights.admin && !silent) {
    for (const [key, at] of Object.entries({
      DueAt: payload.dueAt,
      ExpiresAt: payload.expiresAt,
      VisibleFrom: payload.visibleFrom,
    })) {
      if (at !== null && at <= now) rules.add(key, `${key} must be in the future.`);
    }
  }
  const reserved = rules.any ? undefined : reservedActivityTypes(payload.activities, rights);
  if (reserved !== undefined) return reserved;

  const visibleLater = payload.visibleFrom !== null && payload.visibleFrom > now ? payload.visibleFrom : null;
  const createdAt = visibleLater ?? payload.createdAt ?? now;
  const updatedAt = visibleLater ?? payload.updatedAt ?? latestOf(now, createdAt);
  const blank: Dialog = {
    id: dialogId,
    org: resource.org,
    party: payload.party,
    serviceResource: payload.serviceResource,
    serviceResourceType: resource.type,
    idempotentKey: payload.idempotentKey,
    revision: context.newRevision(),
    status: payload.status,
    progress: payload.progress,
    extendedStatus: payload.extendedStatus,
    externalReference: payload.externalReference,
    process: payload.process,
    precedingProcess: payload.precedingProcess,
    isApiOnly: payload.isApiOnly,
    dueAt: payload.dueAt,
    expiresAt: payload.expiresAt,
    visibleFrom: payload.visibleFrom,
    createdAt,
    updatedAt,
    contentUpdatedAt: updatedAt,
    deletedAt: null,
    frozen: false,
    content: payload.content,
    attachments: payload.attachments.map((attachment) => identifiedAttachment(attachment, context)),
    guiActions: payload.guiActions.map((action) => identifiedGuiAction(action, context)),
    apiActions: payload.apiActions.map((action) => identifiedApiAction(action, context)),
    searchTags: payload.searchTags,
    systemLabels: [initialLabel(payload.systemLabel)],
    endUserContextRevision: context.newRevision(),
    serviceOwnerLabels: payload.serviceOwnerLabels,
    serviceOwnerContextRevision: context.newRevision(),
    contentSeen: createdAt < seenBefore || isMigratedFromAltinn2(payload.serviceResource, resource.org),
    fromServiceOwnerTransmissionsCount: 0,
    fromPartyTransmissionsCount: 0,
    unopenedTransmissionsCount: 0,
    unopenedContentOverride: null,
    contentlessTransmissionsCount: 0,
    correspondenceOpened: false,
    withheldEventsCount: isCurrent(payload, now) ? null : 0,
    visibilityDueAt: null,
  };

  const appended = appendTransmissions(state, blank, payload.transmissions, facts, context, { rules, actors: storage });
  // Keys are held within a dialog, and a new one has none. That its id is another's is told below.
  const usedKeys = usedTransmissionKeys(emptyState(), dialogId, payload.transmissions);
  if (usedKeys.any && !rules.any) return usedKeys.rejected(409);
  if (rules.any) return rules.rejected(422);
  const activities = appendActivities(blank, payload.activities, facts, context, storage);

  if (state.dialogs.has(dialogId)) storage.add('Dialog', `A dialog with id ${dialogId} already exists.`);
  if (holder !== undefined) {
    storage.add('Dialog', `A deleted dialog has the same Org and IdempotentKey: '${payload.idempotentKey}'.`);
  }
  const chosen = [
    ...partIds(payload),
    ...payload.transmissions.flatMap(({ id, attachments }) => [
      ...(id === null ? [] : [{ entity: 'DialogTransmission', id }]),
      ...partIds({ attachments, guiActions: [], apiActions: [] }),
    ]),
    ...payload.activities.flatMap(({ id }) => (id === null ? [] : [{ entity: 'DialogActivity', id }])),
  ];
  addTakenIds(state, chosen, storage);
  if (storage.any) return storage.rejected(422);

  const { dialog, transmissions, touched } = afterAppending(blank, appended, activities, state);
  const labelled = withSent(dialog, transmissions, context);
  const change = changeOf('created', labelled, {
    transmissions,
    activities,
    touchedTransmissions: touched,
    chosenIds: chosen.map(({ id }) => id),
    events: silent ? [] : eventsOf('DialogCreated', labelled, transmissions, activities, context),
  });
  return applied(labelled.revision, change);
}

function initialLabel(label: SystemLabel | null): SystemLabel {
  return label ?? 'Default';
}

function isMigratedFromAltinn2(serviceResource: string, org: string): boolean {
  return serviceResource.toLowerCase().startsWith(`urn:altinn:resource:app_${org}_a2`);
}
