import type { JsonPatch } from '@dialog/contracts/json-patch';
import { resourcesIn } from '@dialog/contracts/named-resources';
import type { UpdateDialogBody } from '@dialog/contracts/update-dialog';
import type { Dialog } from './dialog.ts';
import { namedIn } from './dialog-state.ts';
import { partIds } from './identified.ts';
import { referencedResources } from './references.ts';

/**
 * What a patched dialog names that neither it named before nor the patch writes: text that an operation has moved or
 * copied to where it names a resource, a part, a child or an idempotent key.
 *
 * What a command names is looked up before it is decided, by what it writes. The owner of anything else is unknown, and
 * so is whether it is taken.
 */
export function unwrittenNames(body: UpdateDialogBody, dialog: Dialog, patch: JsonPatch): string[] {
  const written = namedIn(patch);
  const resources = resourcesIn(patch);
  for (const attribute of referencedResources(dialog)) resources.add(attribute);
  const ids = new Set([...written.ids, ...partIds(dialog).map(({ id }) => id)]);

  const { transmissions, activities } = body;
  const attachments = transmissions.flatMap((transmission) => transmission.attachments);
  const children = [...transmissions, ...activities, ...attachments].flatMap(({ id }) => (id === null ? [] : [id]));
  const keys = transmissions.flatMap(({ idempotentKey }) => (idempotentKey === null ? [] : [idempotentKey]));
  return [
    ...referencedResources(body).filter((resource) => !resources.has(resource)),
    ...partIds(body).flatMap(({ id }) => (ids.has(id) ? [] : [id])),
    ...children.filter((id) => !written.ids.has(id)),
    ...keys.filter((key) => !written.idempotentKeys.has(key)),
  ];
}
