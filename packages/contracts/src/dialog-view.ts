/**
 * What the API answers about a dialog. A member without a value is left out; a list without items is there, empty,
 * unless it is a list of texts that was never given. These schemas document answers, nothing is parsed by them.
 */
import { z } from '@hono/zod-openapi';
import {
  activityTypeName,
  actorTypeName,
  consumerTypeName,
  dialogStatusName,
  guiActionPriorityName,
  httpVerbName,
  systemLabelName,
  transmissionTypeName,
} from './enumerations.ts';

const id = z.string().openapi({ format: 'uuid', example: '019cf0a2-6d5e-7c31-9d44-0f6a1b2c3d4e' });
const instant = z.string().openapi({ format: 'date-time', example: '2026-03-01T08:15:30.1234560Z' });
export const texts = z
  .array(z.object({ languageCode: z.string(), value: z.string() }).openapi('LocalizationView'))
  .openapi({ description: 'In order of language code.' });
const isAuthorized = z
  .boolean()
  .openapi({ description: 'Whether the end user may use it. Only where the request names one.' });

export const actorView = z
  .object({
    actorType: actorTypeName,
    actorId: z.string().optional(),
    actorName: z.string().optional(),
  })
  .openapi('ActorView');
export type ActorView = z.output<typeof actorView>;

const contentPart = z.object({ mediaType: z.string(), value: texts }).openapi('ContentValueView');
const mainContentReference = contentPart
  .extend({ isAuthorized: isAuthorized.optional() })
  .openapi('MainContentReferenceView');

export const dialogContentView = z
  .object({
    title: contentPart,
    nonSensitiveTitle: contentPart.optional(),
    summary: contentPart.optional(),
    nonSensitiveSummary: contentPart.optional(),
    senderName: contentPart.optional(),
    additionalInfo: contentPart.optional(),
    extendedStatus: contentPart.optional(),
    mainContentReference: mainContentReference.optional(),
  })
  .openapi('DialogContentView');

export const transmissionContentView = z
  .object({ title: contentPart, summary: contentPart.optional(), contentReference: contentPart.optional() })
  .openapi('TransmissionContentView');

const attachmentUrl = z
  .object({ id, url: z.string(), mediaType: z.string().optional(), consumerType: consumerTypeName })
  .openapi('AttachmentUrlView');

export const attachmentView = z
  .object({
    id,
    displayName: texts.optional(),
    name: z.string().optional(),
    urls: z.array(attachmentUrl),
    expiresAt: instant.optional(),
  })
  .openapi('AttachmentView');
export type AttachmentView = z.output<typeof attachmentView>;

export const guiActionView = z
  .object({
    id,
    action: z.string(),
    url: z.string(),
    authorizationAttribute: z.string().optional(),
    isAuthorized: isAuthorized.optional(),
    isDeleteDialogAction: z.boolean(),
    priority: guiActionPriorityName,
    httpMethod: httpVerbName,
    title: texts,
    prompt: texts.optional(),
  })
  .openapi('GuiActionView');
export type GuiActionView = z.output<typeof guiActionView>;

const endpoint = z
  .object({
    id,
    version: z.string().optional(),
    url: z.string(),
    httpMethod: httpVerbName,
    documentationUrl: z.string().optional(),
    requestSchema: z.string().optional(),
    responseSchema: z.string().optional(),
    deprecated: z.boolean(),
    sunsetAt: instant.optional(),
  })
  .openapi('ApiActionEndpointView');

export const apiActionView = z
  .object({
    id,
    action: z.string(),
    authorizationAttribute: z.string().optional(),
    isAuthorized: isAuthorized.optional(),
    name: z.string().optional(),
    endpoints: z.array(endpoint),
  })
  .openapi('ApiActionView');
export type ApiActionView = z.output<typeof apiActionView>;

/** A transmission as its own endpoints answer it. */
export const transmissionView = z
  .object({
    id,
    idempotentKey: z.string().optional(),
    createdAt: instant,
    authorizationAttribute: z.string().optional(),
    extendedType: z.string().optional(),
    externalReference: z.string().optional(),
    relatedTransmissionId: id.optional(),
    type: transmissionTypeName,
    sender: actorView,
    content: transmissionContentView.optional(),
    attachments: z.array(attachmentView),
    navigationalActions: z.array(
      z.object({ title: texts, url: z.string(), expiresAt: instant.optional() }).openapi('NavigationalActionView'),
    ),
  })
  .openapi('TransmissionView');
export type TransmissionView = z.output<typeof transmissionView>;

/** A transmission inside its dialog. */
export const dialogTransmissionView = transmissionView
  .extend({ isOpened: z.boolean(), isAuthorized: isAuthorized.optional() })
  .openapi('DialogTransmissionView');
export type DialogTransmissionView = z.output<typeof dialogTransmissionView>;

export const activityView = z
  .object({
    id,
    createdAt: instant,
    extendedType: z.string().optional(),
    type: activityTypeName,
    transmissionId: id.optional(),
    performedBy: actorView,
    description: texts.optional(),
  })
  .openapi('ActivityView');
export type ActivityView = z.output<typeof activityView>;

/** A line of the list of a dialog's activities: neither who nor why. */
export const activityListItem = activityView.omit({ performedBy: true, description: true }).openapi('ActivityListItem');
export type ActivityListItem = z.output<typeof activityListItem>;

/** One visit to the dialog, as the seen log's own endpoints answer it. */
export const seenLogView = z
  .object({ id, seenAt: instant, seenBy: actorView, isViaServiceOwner: z.boolean() })
  .openapi('SeenLogView');
export type SeenLogView = z.output<typeof seenLogView>;

export const dialogSeenLogView = seenLogView.extend({ isCurrentEndUser: z.boolean() }).openapi('DialogSeenLogView');
export type DialogSeenLogView = z.output<typeof dialogSeenLogView>;

export const serviceOwnerLabelView = z.object({ value: z.string() }).openapi('ServiceOwnerLabelView');

export const dialogAuthorizationView = z
  .object({
    status: z.enum(['Enriched', 'Pending', 'PolicyUnavailable']).openapi({
      description:
        'Whether what the policies say about the dialog is known. As long as it is not, the platform is asked whenever ' +
        'somebody opens the dialog; what it allows is the same.',
    }),
    policyFaults: z
      .array(z.object({ serviceResource: z.string(), fault: z.string() }).openapi('PolicyFaultView'))
      .openapi({ description: 'What is wrong with policies that decide on parts of the dialog.' }),
    neverPermitted: z
      .array(
        z
          .object({ action: z.string(), authorizationAttribute: z.string().optional() })
          .openapi('NeverPermittedActionView'),
      )
      .openapi({
        description:
          'What no rule permits to any end user, of the actions and of reading the dialog and its transmissions: a ' +
          'misspelt action, or a rule that is missing in the policy.',
      }),
  })
  .openapi('DialogAuthorizationView', {
    description: 'What the policies make of the dialog. Only where the request names no end user.',
  });
export type DialogAuthorizationView = z.output<typeof dialogAuthorizationView>;

export const dialogView = z
  .object({
    id,
    idempotentKey: z.string().optional(),
    revision: id.openapi({ description: 'The ETag.' }),
    org: z.string(),
    serviceResource: z.string(),
    serviceResourceType: z.string(),
    party: z.string(),
    progress: z.number().int().optional(),
    process: z.string().optional(),
    precedingProcess: z.string().optional(),
    extendedStatus: z.string().optional(),
    externalReference: z.string().optional(),
    deletedAt: instant.optional(),
    visibleFrom: instant.optional(),
    dueAt: instant.optional(),
    expiresAt: instant.optional(),
    createdAt: instant,
    updatedAt: instant,
    contentUpdatedAt: instant,
    status: dialogStatusName,
    systemLabel: systemLabelName,
    isApiOnly: z.boolean(),
    hasUnopenedContent: z.boolean(),
    isContentSeen: z.boolean(),
    fromServiceOwnerTransmissionsCount: z.number().int(),
    fromPartyTransmissionsCount: z.number().int(),
    content: dialogContentView.optional(),
    searchTags: z.array(z.object({ value: z.string() })),
    attachments: z.array(attachmentView),
    transmissions: z.array(dialogTransmissionView),
    guiActions: z.array(guiActionView),
    apiActions: z.array(apiActionView),
    activities: z.array(activityView),
    seenSinceLastUpdate: z.array(dialogSeenLogView),
    seenSinceLastContentUpdate: z.array(dialogSeenLogView),
    serviceOwnerContext: z.object({ revision: id, serviceOwnerLabels: z.array(serviceOwnerLabelView) }),
    endUserContext: z.object({ revision: id, systemLabels: z.array(systemLabelName) }),
    authorization: dialogAuthorizationView.optional(),
  })
  .openapi('DialogView');
export type DialogView = z.output<typeof dialogView>;
