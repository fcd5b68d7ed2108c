import type { Actor } from '@dialog/contracts/actor';
import type { DialogContent, TransmissionContent } from '@dialog/contracts/content';
import type {
  ActivityListItem,
  ActivityView,
  ActorView,
  ApiActionView,
  AttachmentView,
  DialogTransmissionView,
  DialogView,
  GuiActionView,
  SeenLogView,
  TransmissionView,
} from '@dialog/contracts/dialog-view';
import {
  type ApiAction,
  type Attachment,
  type Dialog,
  type GuiAction,
  hasUnopenedContent,
  isFromParty,
} from '@dialog/domain/dialog';
import { isPlace } from '@dialog/domain/system-labels';
import type { ShownActivity, ShownTransmission, ShownVisit, WholeDialog } from './read-dialog.ts';

// A member that is undefined is left out of the JSON: the API has no null.

/**
 * A dialog as a service owner reads it, or on behalf of an end user. Lists come in the order in which they were read.
 *
 * @param endUserId whose visits are told from those of others; null for none
 */
export function dialogView(
  { dialog, transmissions, activities, lastVisits }: WholeDialog,
  endUserId: string | null = null,
): DialogView {
  return {
    ...dialogSummary(dialog),
    ...seenLogs(dialog, lastVisits, endUserId),
    idempotentKey: dialog.idempotentKey ?? undefined,
    expiresAt: dialog.expiresAt ?? undefined,
    content: dialog.content === null ? undefined : contentView(dialog.content),
    searchTags: dialog.searchTags.map((value) => ({ value })),
    attachments: dialog.attachments.map(attachmentView),
    transmissions: transmissions.map(dialogTransmissionView),
    guiActions: dialog.guiActions.map(guiActionView),
    apiActions: dialog.apiActions.map(apiActionView),
    activities: activities.map(activityView),
  };
}

export type SummarisedDialog = Omit<
  Dialog,
  | ('idempotentKey' | 'expiresAt' | 'frozen' | 'content' | 'searchTags' | 'attachments' | 'guiActions' | 'apiActions')
  | ('contentlessTransmissionsCount' | 'withheldEventsCount' | 'visibilityDueAt')
>;

/** What is told of a dialog by itself and in a list alike. */
export function dialogSummary(dialog: SummarisedDialog) {
  return {
    id: dialog.id,
    revision: dialog.revision,
    org: dialog.org,
    serviceResource: dialog.serviceResource,
    serviceResourceType: dialog.serviceResourceType,
    party: dialog.party,
    progress: dialog.progress ?? undefined,
    process: dialog.process ?? undefined,
    precedingProcess: dialog.precedingProcess ?? undefined,
    extendedStatus: dialog.extendedStatus ?? undefined,
    externalReference: dialog.externalReference ?? undefined,
    deletedAt: dialog.deletedAt ?? undefined,
    visibleFrom: dialog.visibleFrom ?? undefined,
    dueAt: dialog.dueAt ?? undefined,
    createdAt: dialog.createdAt,
    updatedAt: dialog.updatedAt,
    contentUpdatedAt: dialog.contentUpdatedAt,
    status: dialog.status,
    systemLabel: dialog.systemLabels.find(isPlace) ?? 'Default',
    isApiOnly: dialog.isApiOnly,
    hasUnopenedContent: hasUnopenedContent(dialog),
    isContentSeen: dialog.contentSeen && !dialog.systemLabels.includes('MarkedAsUnopened'),
    fromServiceOwnerTransmissionsCount: dialog.fromServiceOwnerTransmissionsCount,
    fromPartyTransmissionsCount: dialog.fromPartyTransmissionsCount,
    serviceOwnerContext: {
      revision: dialog.serviceOwnerContextRevision,
      serviceOwnerLabels: dialog.serviceOwnerLabels.map((value) => ({ value })),
    },
    endUserContext: { revision: dialog.endUserContextRevision, systemLabels: dialog.systemLabels },
  };
}

/** Who has seen a dialog since it was last updated; `endUserId` is whom to tell from the others, null for nobody. */
export function seenLogs(
  { updatedAt, contentUpdatedAt }: Pick<Dialog, 'updatedAt' | 'contentUpdatedAt'>,
  lastVisits: readonly ShownVisit[],
  endUserId: string | null,
) {
  const visits = lastVisits.map((visit) => ({
    ...seenLogView(visit),
    isCurrentEndUser: visit.seenBy.actorId === endUserId,
  }));
  return {
    seenSinceLastUpdate: visits.filter(({ seenAt }) => seenAt >= updatedAt),
    seenSinceLastContentUpdate: visits.filter(({ seenAt }) => seenAt >= contentUpdatedAt),
  };
}

/** A transmission as its own endpoints answer it. */
export function transmissionView(transmission: ShownTransmission): TransmissionView {
  return {
    id: transmission.id,
    idempotentKey: transmission.idempotentKey ?? undefined,
    createdAt: transmission.createdAt,
    authorizationAttribute: transmission.authorizationAttribute ?? undefined,
    extendedType: transmission.extendedType ?? undefined,
    externalReference: transmission.externalReference ?? undefined,
    relatedTransmissionId: transmission.relatedTransmissionId ?? undefined,
    type: transmission.type,
    sender: actorView(transmission.sender),
    content: transmission.content === null ? undefined : transmissionContentView(transmission.content),
    attachments: transmission.attachments.map(attachmentView),
    navigationalActions: transmission.navigationalActions.map(({ title, url, expiresAt }) => ({
      title,
      url,
      expiresAt: expiresAt ?? undefined,
    })),
  };
}

export function activityView(activity: ShownActivity): ActivityView {
  return {
    ...activityListItem(activity),
    performedBy: actorView(activity.performedBy),
    description: activity.description ?? undefined,
  };
}

/** A line of the list of activities: neither who nor why. */
export function activityListItem(activity: ShownActivity): ActivityListItem {
  return {
    id: activity.id,
    createdAt: activity.createdAt,
    extendedType: activity.extendedType ?? undefined,
    type: activity.type,
    transmissionId: activity.transmissionId ?? undefined,
  };
}

/** A visit as the seen log's own endpoints answer it. */
export function seenLogView({ id, seenAt, seenBy, isViaServiceOwner }: ShownVisit): SeenLogView {
  return { id, seenAt, seenBy: actorView(seenBy), isViaServiceOwner };
}

/** What a transmission is called open by says something about the party, so only its dialog tells. */
function dialogTransmissionView(transmission: ShownTransmission): DialogTransmissionView {
  return { ...transmissionView(transmission), isOpened: transmission.opened && !isFromParty(transmission) };
}

function contentView(content: DialogContent): NonNullable<DialogView['content']> {
  return {
    title: content.title,
    nonSensitiveTitle: content.nonSensitiveTitle ?? undefined,
    summary: content.summary ?? undefined,
    nonSensitiveSummary: content.nonSensitiveSummary ?? undefined,
    senderName: content.senderName ?? undefined,
    additionalInfo: content.additionalInfo ?? undefined,
    extendedStatus: content.extendedStatus ?? undefined,
    mainContentReference: content.mainContentReference ?? undefined,
  };
}

function transmissionContentView(content: TransmissionContent): NonNullable<TransmissionView['content']> {
  return {
    title: content.title,
    summary: content.summary ?? undefined,
    contentReference: content.contentReference ?? undefined,
  };
}

function attachmentView({ id, displayName, name, urls, expiresAt }: Attachment): AttachmentView {
  return {
    id,
    displayName: displayName ?? undefined,
    name: name ?? undefined,
    urls: urls.map((url) => ({ ...url, mediaType: url.mediaType ?? undefined })),
    expiresAt: expiresAt ?? undefined,
  };
}

function guiActionView(action: GuiAction): GuiActionView {
  return {
    id: action.id,
    action: action.action,
    url: action.url,
    authorizationAttribute: action.authorizationAttribute ?? undefined,
    isDeleteDialogAction: action.isDeleteDialogAction,
    priority: action.priority,
    httpMethod: action.httpMethod,
    title: action.title,
    prompt: action.prompt ?? undefined,
  };
}

function apiActionView({ id, action, authorizationAttribute, name, endpoints }: ApiAction): ApiActionView {
  return {
    id,
    action,
    authorizationAttribute: authorizationAttribute ?? undefined,
    name: name ?? undefined,
    endpoints: endpoints.map((endpoint) => ({
      id: endpoint.id,
      version: endpoint.version ?? undefined,
      url: endpoint.url,
      httpMethod: endpoint.httpMethod,
      documentationUrl: endpoint.documentationUrl ?? undefined,
      requestSchema: endpoint.requestSchema ?? undefined,
      responseSchema: endpoint.responseSchema ?? undefined,
      deprecated: endpoint.deprecated,
      sunsetAt: endpoint.sunsetAt ?? undefined,
    })),
  };
}

function actorView({ actorType, actorId, actorName }: Actor): ActorView {
  return { actorType, actorId: actorId ?? undefined, actorName: actorName ?? undefined };
}
