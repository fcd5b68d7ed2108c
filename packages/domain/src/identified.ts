import type { ApiActionBody } from '@dialog/contracts/api-action';
import type { AttachmentBody } from '@dialog/contracts/attachment';
import type { GuiActionBody } from '@dialog/contracts/gui-action';
import type { ApiAction, Attachment, GuiAction } from './dialog.ts';
import type { Context } from './outcome.ts';

type WithId = { id: string | null };

function identified<Body extends WithId>(body: Body, { newId }: Context): Body & { id: string } {
  return { ...body, id: body.id ?? newId() };
}

export function identifiedAttachment(body: AttachmentBody, context: Context): Attachment {
  return { ...identified(body, context), urls: body.urls.map((url) => identified(url, context)) };
}

export function identifiedGuiAction(body: GuiActionBody, context: Context): GuiAction {
  return identified(body, context);
}

export function identifiedApiAction(body: ApiActionBody, context: Context): ApiAction {
  return { ...identified(body, context), endpoints: body.endpoints.map((endpoint) => identified(endpoint, context)) };
}

/**
 * Orders the parts of an update: those that the dialog has keep their place, new ones follow in the order of the
 * request (service owner API, section 14.1). What an update does not name is gone.
 */
export function inStoredOrder<Part extends { id: string }>(stored: readonly Part[], updated: readonly Part[]): Part[] {
  const place = new Map(stored.map(({ id }, index) => [id, index]));
  return updated
    .map((part, index) => ({ part, at: place.get(part.id) ?? stored.length + index }))
    .sort((a, b) => a.at - b.at)
    .map(({ part }) => part);
}

type Identifiable = { id: string | null };
type Parts = {
  attachments: readonly (Identifiable & { urls: readonly Identifiable[] })[];
  guiActions: readonly Identifiable[];
  apiActions: readonly Identifiable[];
};

/** Entity and id of each part that has an id, as the published API names the entities. */
export function partIds({ attachments, guiActions, apiActions }: Parts): { entity: string; id: string }[] {
  const named = (entity: string, parts: readonly Identifiable[]) =>
    parts.flatMap(({ id }) => (id === null ? [] : [{ entity, id }]));
  return [
    ...named('Attachment', attachments),
    ...attachments.flatMap(({ urls }) => named('AttachmentUrl', urls)),
    ...named('DialogGuiAction', guiActions),
    ...named('DialogApiAction', apiActions),
  ];
}
