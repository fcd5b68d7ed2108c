/**
 * What the API answers end users about a dialog: what service owners are told, without what is only theirs, and with
 * what the reader may use. As in dialog-view.ts, a member without a value is left out.
 */
import { z } from '@hono/zod-openapi';
import { dialogListItem } from './dialog-list-view.ts';
import {
  activityView,
  actorView,
  apiActionView,
  dialogContentView,
  dialogSeenLogView,
  dialogView,
  guiActionView,
  transmissionView,
} from './dialog-view.ts';

const isAuthorized = z
  .boolean()
  .openapi({ description: 'Whether the reader may use it. Its addresses are hidden if not.' });

/** A transmission as its own endpoints answer it. */
export const endUserTransmissionView = transmissionView
  .omit({ idempotentKey: true })
  .extend({ isAuthorized })
  .openapi('EndUserTransmissionView');
export type EndUserTransmissionView = z.output<typeof endUserTransmissionView>;

/** A line of the list of a dialog's activities: without who did it. */
export const endUserActivityListItem = activityView.omit({ performedBy: true }).openapi('EndUserActivityListItem');
export type EndUserActivityListItem = z.output<typeof endUserActivityListItem>;

/** A label that was put on a dialog, or taken off it. */
export const labelAssignmentView = z
  .object({
    createdAt: z.string().openapi({ format: 'date-time' }),
    name: z.string().openapi({ example: 'systemlabel:Bin' }),
    action: z.string().openapi({ description: '`set` or `remove`.' }),
    performedBy: actorView,
  })
  .openapi('LabelAssignmentView');
export type LabelAssignmentView = z.output<typeof labelAssignmentView>;

export const endUserDialogView = dialogView
  .omit({ idempotentKey: true, deletedAt: true, visibleFrom: true, searchTags: true, serviceOwnerContext: true })
  .omit({ authorization: true })
  .extend({
    dialogToken: z.string().openapi({ description: 'Tells the service owner, signed, what the reader may do here.' }),
    content: dialogContentView
      .omit({ nonSensitiveTitle: true, nonSensitiveSummary: true })
      .openapi('EndUserDialogContentView')
      .optional(),
    guiActions: z.array(guiActionView.extend({ isAuthorized }).openapi('EndUserGuiActionView')),
    apiActions: z.array(apiActionView.extend({ isAuthorized }).openapi('EndUserApiActionView')),
    transmissions: z.array(
      endUserTransmissionView.extend({ isOpened: z.boolean() }).openapi('EndUserDialogTransmissionView'),
    ),
    seenSinceLastUpdate: z.array(dialogSeenLogView),
    seenSinceLastContentUpdate: z.array(dialogSeenLogView),
  })
  .openapi('EndUserDialogView');
export type EndUserDialogView = z.output<typeof endUserDialogView>;

/** A dialog in a search result (end-user API, section 10.6). */
export const endUserDialogListItem = dialogListItem
  .omit({ revision: true, deletedAt: true, visibleFrom: true, serviceOwnerContext: true })
  .openapi('EndUserDialogListItem');
export type EndUserDialogListItem = z.output<typeof endUserDialogListItem>;
