import type { CommandOf } from '@dialog/contracts/commands';
import type { SystemLabel } from '@dialog/contracts/enumerations';
import { latestOf } from '@dialog/contracts/timestamp';
import { appendActivities, reservedActivityTypes } from './append-activities.ts';
import { appendTransmissions, usedTransmissionKeys } from './append-transmissions.ts';
import { afterAppending } from './counters.ts';
import type { Dialog } from './dialog.ts';
import { type DialogState, orgKey } from './dialog-state.ts';
import { eventsOf } from './events.ts';
import { identifiedApiAction, identifiedAttachment, identifiedGuiAction, partIds } from './identified.ts';
import { applied, type Context, changeOf, Errors, type Outcome, rejected } from './outcome.ts';
import { withSent } from './system-labels.ts';
import { addTakenIds } from './taken-ids.ts';

/** Dialogs from before this moment count as seen: they came with a migration (service owner API, section 13.7). */
const seenBefore = '2025-12-01T00:00:00.0000000Z';

/**
 * Decides whether a dialog may be created, checks in the order of section 15 of the service owner API.
 * That the service resource exists and is the caller's has been settled by the gateway.
 */
export function createDialog(state: DialogState, command: CommandOf<'CreateDialog'>, context: Context): Outcome {
  const { dialogId, payload, resource, rights, silent, facts } = command;
  const { now } = context;
  const errors = new Errors();

  const holder =
    payload.idempotentKey === null ? undefined : state.dialogKeys.get(orgKey(resource.org, payload.idempotentKey));
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
      if (at !== null && at <= now) errors.add(key, `${key} must be in the future.`);
    }
  }
  if (errors.any) return errors.rejected(422);

  const reserved = reservedActivityTypes(payload.activities, rights);
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
  };

  const appended = appendTransmissions(state, blank, payload.transmissions, facts, context, {
    rules: errors,
    actors: errors,
  });
  const usedKeys = usedTransmissionKeys(state, dialogId, payload.transmissions);
  if (usedKeys.length > 0 && !errors.any) {
    return rejected(409, { IdempotentKey: usedKeys.map((key) => `'${key}' is used by more than one transmission.`) });
  }
  const activities = appendActivities(blank, payload.activities, facts, context, errors);

  if (state.dialogs.has(dialogId)) errors.add('Dialog', `A dialog with id ${dialogId} already exists.`);
  if (holder !== undefined) {
    errors.add('Dialog', `A deleted dialog has the same Org and IdempotentKey: '${payload.idempotentKey}'.`);
  }
  const chosen = [
    ...partIds(payload),
    ...payload.transmissions.flatMap(({ id, attachments }) => [
      ...(id === null ? [] : [{ entity: 'DialogTransmission', id }]),
      ...partIds({ attachments, guiActions: [], apiActions: [] }),
    ]),
    ...payload.activities.flatMap(({ id }) => (id === null ? [] : [{ entity: 'DialogActivity', id }])),
  ];
  addTakenIds(state, chosen, errors);
  if (errors.any) return errors.rejected(422);

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
