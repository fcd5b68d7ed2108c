import { createHash } from 'node:crypto';
import type { Permissions } from '@dialog/access/details-authorization';
import type { DialogListItem } from '@dialog/contracts/dialog-list-view';
import type {
  ActivityView,
  ActorView,
  AttachmentView,
  DialogSeenLogView,
  DialogView,
  TransmissionView,
} from '@dialog/contracts/dialog-view';
import type {
  EndUserActivityListItem,
  EndUserDialogListItem,
  EndUserDialogView,
  EndUserTransmissionView,
  LabelAssignmentView,
} from '@dialog/contracts/end-user-view';
import type { Localization } from '@dialog/contracts/localization';
import type { Timestamp } from '@dialog/contracts/timestamp';
import type { LabelAssignment, SeenLogEntry } from '@dialog/domain/dialog';
import { type AcceptedLanguages, inAcceptedLanguage } from './accepted-languages.ts';
import { seenLogView } from './dialog-view.ts';

/** Stands where an end user may not go, and where nobody can go any more (end-user API, section 8.1). */
export const unauthorizedUrl = 'urn:dialogporten:unauthorized';
export const expiredUrl = 'urn:dialogporten:expired';

/** Whom something is shown to, and when. */
export type Reader = {
  permissions: Permissions;
  languages: AcceptedLanguages;
  at: Timestamp;
  /** Secret, so that nobody can try all numbers of persons until one gives what is shown instead of it. */
  actorSalt: Uint8Array;
};

export type EndUserViewDeps = Pick<Reader, 'actorSalt'> & { now: () => Timestamp };

/** A dialog as an end user sees it: without what is only its service owner's, and without ways that are closed to them. */
export function endUserDialogView(view: DialogView, reader: Reader): Omit<EndUserDialogView, 'dialogToken'> {
  const {
    idempotentKey: _,
    deletedAt: __,
    visibleFrom: ___,
    searchTags: ____,
    serviceOwnerContext: _____,
    ...shown
  } = view;
  const { permissions, languages } = reader;
  const { endUserContext } = view;
  return {
    ...shown,
    content: view.content && contentOf(view.content, reader),
    // The visit takes the mark away, even where that is not done yet.
    endUserContext: {
      ...endUserContext,
      systemLabels: endUserContext.systemLabels.filter((label) => label !== 'MarkedAsUnopened'),
    },
    attachments: view.attachments.map((attachment) => attachmentOf(attachment, reader, true)),
    guiActions: view.guiActions.map((action) => {
      const isAuthorized = permissions.act(attributed(action));
      return {
        ...action,
        isAuthorized,
        url: isAuthorized ? action.url : unauthorizedUrl,
        title: inAcceptedLanguage(action.title, languages),
        prompt: action.prompt && inAcceptedLanguage(action.prompt, languages),
      };
    }),
    apiActions: view.apiActions.map((action) => {
      const isAuthorized = permissions.act(attributed(action));
      const endpoints = isAuthorized
        ? action.endpoints
        : action.endpoints.map((endpoint) => ({ ...endpoint, url: unauthorizedUrl }));
      return { ...action, isAuthorized, endpoints };
    }),
    transmissions: view.transmissions.map((transmission) => ({
      ...endUserTransmissionView(transmission, reader),
      isOpened: transmission.isOpened,
    })),
    activities: view.activities.map((activity) => endUserActivityView(activity, reader)),
    seenSinceLastUpdate: view.seenSinceLastUpdate.map((visit) => maskedVisit(visit, reader)),
    seenSinceLastContentUpdate: view.seenSinceLastContentUpdate.map((visit) => maskedVisit(visit, reader)),
  };
}

/** A dialog as an end user's search shows it. Here `MarkedAsUnopened` is shown, for nobody opens anything. */
export function endUserListItem(
  item: DialogListItem,
  reader: Pick<Reader, 'languages' | 'actorSalt'>,
): EndUserDialogListItem {
  const { revision: _, deletedAt: __, visibleFrom: ___, serviceOwnerContext: ____, ...shown } = item;
  const { content, latestActivity } = item;
  return {
    ...shown,
    content: content && {
      title: textsOf(content.title, reader),
      summary: content.summary && textsOf(content.summary, reader),
      senderName: content.senderName && textsOf(content.senderName, reader),
      extendedStatus: content.extendedStatus && textsOf(content.extendedStatus, reader),
    },
    latestActivity: latestActivity && {
      ...endUserActivityView(latestActivity, reader),
      description: inAcceptedLanguage(latestActivity.description, reader.languages),
    },
    seenSinceLastUpdate: item.seenSinceLastUpdate.map((visit) => maskedVisit(visit, reader)),
    seenSinceLastContentUpdate: item.seenSinceLastContentUpdate.map((visit) => maskedVisit(visit, reader)),
  };
}

/** A transmission that an end user may not open is shown nevertheless, without the ways into it (section 8.3). */
export function endUserTransmissionView(view: TransmissionView, reader: Reader): EndUserTransmissionView {
  const isAuthorized = reader.permissions.readTransmission(attributed(view));
  return {
    id: view.id,
    createdAt: view.createdAt,
    authorizationAttribute: view.authorizationAttribute,
    isAuthorized,
    extendedType: view.extendedType,
    externalReference: view.externalReference,
    relatedTransmissionId: view.relatedTransmissionId,
    type: view.type,
    sender: masked(view.sender, reader),
    content: view.content && {
      title: textsOf(view.content.title, reader),
      summary: view.content.summary && textsOf(view.content.summary, reader),
      contentReference:
        view.content.contentReference && referenceOf(view.content.contentReference, reader, isAuthorized),
    },
    attachments: view.attachments.map((attachment) => attachmentOf(attachment, reader, isAuthorized)),
    navigationalActions: view.navigationalActions.map(({ title, url, expiresAt }) => ({
      title: inAcceptedLanguage(title, reader.languages),
      url: addressOf(url, { isAuthorized, expiresAt }, reader),
      expiresAt,
    })),
  };
}

export function endUserActivityView(view: ActivityView, reader: Pick<Reader, 'languages' | 'actorSalt'>): ActivityView {
  return { ...endUserActivityListItem(view, reader), performedBy: masked(view.performedBy, reader) };
}

export function endUserActivityListItem(
  { id, createdAt, extendedType, type, transmissionId, description }: ActivityView,
  { languages }: Pick<Reader, 'languages'>,
): EndUserActivityListItem {
  const shown = description && inAcceptedLanguage(description, languages);
  return { id, createdAt, extendedType, type, transmissionId, description: shown };
}

/** A visit as the seen log's own endpoints answer it; `endUserId` is whom to tell from the others. */
export function endUserSeenLogView(
  visit: Omit<SeenLogEntry, 'dialogId'>,
  endUserId: string,
  reader: Pick<Reader, 'actorSalt'>,
): DialogSeenLogView {
  const isCurrentEndUser = visit.seenBy.actorId === endUserId;
  return maskedVisit({ ...seenLogView(visit), isCurrentEndUser }, reader);
}

export function labelAssignmentView(
  { createdAt, name, action, performedBy }: LabelAssignment,
  reader: Pick<Reader, 'actorSalt'>,
): LabelAssignmentView {
  const { actorType, actorId, actorName } = performedBy;
  const actor = { actorType, actorId: actorId ?? undefined, actorName: actorName ?? undefined };
  return { createdAt, name, action, performedBy: masked(actor, reader) };
}

/** Ten hexadecimal digits in place of a person's number: the same for the same person, as long as the salt is. */
export function maskedActorId(actorId: string, salt: Uint8Array): string {
  if (!actorId.startsWith('urn:altinn:person:identifier-no')) return actorId;
  const digest = createHash('sha256').update(actorId).update(salt).digest('hex');
  return `urn:altinn:person:identifier-ephemeral:${digest.slice(0, 10)}`;
}

function masked(actor: ActorView, { actorSalt }: Pick<Reader, 'actorSalt'>): ActorView {
  const { actorId } = actor;
  return actorId === undefined ? actor : { ...actor, actorId: maskedActorId(actorId, actorSalt) };
}

function maskedVisit(visit: DialogSeenLogView, reader: Pick<Reader, 'actorSalt'>): DialogSeenLogView {
  return { ...visit, seenBy: masked(visit.seenBy, reader) };
}

function attributed<Part extends { authorizationAttribute?: string | undefined }>(part: Part) {
  return { ...part, authorizationAttribute: part.authorizationAttribute ?? null };
}

type ContentPart = { mediaType: string; value: Localization[] };
type Expiring = { expiresAt?: string | undefined };

function contentOf(content: NonNullable<DialogView['content']>, reader: Reader): EndUserDialogView['content'] {
  const isAuthorized = reader.permissions.mainContent;
  return {
    title: textsOf(content.title, reader),
    summary: content.summary && textsOf(content.summary, reader),
    senderName: content.senderName && textsOf(content.senderName, reader),
    additionalInfo: content.additionalInfo && textsOf(content.additionalInfo, reader),
    extendedStatus: content.extendedStatus && textsOf(content.extendedStatus, reader),
    mainContentReference: content.mainContentReference && {
      ...referenceOf(content.mainContentReference, reader, isAuthorized),
      isAuthorized,
    },
  };
}

function textsOf({ mediaType, value }: ContentPart, { languages }: Pick<Reader, 'languages'>): ContentPart {
  return { mediaType, value: inAcceptedLanguage(value, languages) };
}

/** An address in each language. */
function referenceOf(part: ContentPart, reader: Reader, isAuthorized: boolean): ContentPart {
  const { mediaType, value } = textsOf(part, reader);
  if (isAuthorized) return { mediaType, value };
  return { mediaType, value: value.map(({ languageCode }) => ({ languageCode, value: unauthorizedUrl })) };
}

function attachmentOf(attachment: AttachmentView, reader: Reader, isAuthorized: boolean): AttachmentView {
  const { displayName, urls, expiresAt } = attachment;
  return {
    ...attachment,
    displayName: displayName && inAcceptedLanguage(displayName, reader.languages),
    urls: urls.map((one) => ({ ...one, url: addressOf(one.url, { isAuthorized, expiresAt }, reader) })),
  };
}

function addressOf(
  url: string,
  { isAuthorized, expiresAt }: Expiring & { isAuthorized: boolean },
  { at }: Pick<Reader, 'at'>,
): string {
  if (!isAuthorized) return unauthorizedUrl;
  return expiresAt !== undefined && expiresAt < at ? expiredUrl : url;
}
