/** What the API answers about dialogs in lists. As in dialog-view.ts, a member without a value is left out. */
import { z } from '@hono/zod-openapi';
import { activityView, dialogContentView, dialogView } from './dialog-view.ts';
import { systemLabelName } from './enumerations.ts';

/** A dialog in a search result (service owner API, section 14.9). */
export const dialogListItem = dialogView
  .omit({
    ...{ idempotentKey: true, expiresAt: true, searchTags: true, attachments: true, transmissions: true },
    ...{ guiActions: true, apiActions: true, activities: true },
  })
  .extend({
    content: dialogContentView
      .pick({ title: true, summary: true, extendedStatus: true, senderName: true })
      .openapi('DialogListItemContentView')
      .optional(),
    guiAttachmentCount: z.number().int().openapi({ description: 'Attachments with an address for browsers.' }),
    latestActivity: activityView
      .required({ description: true })
      .openapi('LatestActivityView', { description: 'Without a description, that is an empty list.' })
      .optional(),
  })
  .openapi('DialogListItem');
export type DialogListItem = z.output<typeof dialogListItem>;

/** Where the end user has put a dialog. */
export const endUserContextItem = z
  .object({
    dialogId: z.string().openapi({ format: 'uuid' }),
    endUserContextRevision: z.string().openapi({ format: 'uuid' }),
    systemLabels: z.array(systemLabelName),
  })
  .openapi('EndUserContextItem');
export type EndUserContextItem = z.output<typeof endUserContextItem>;

/** Part of a longer list (section 14.10). */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    hasNextPage: z.boolean(),
    continuationToken: z.string().optional().openapi({ description: 'Sent along, it gives the next page.' }),
    orderBy: z.string().openapi({ example: 'contentupdatedat_desc,id_desc' }),
  });
}
