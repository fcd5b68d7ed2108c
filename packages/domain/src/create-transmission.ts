import type { CommandOf } from '@dialog/contracts/commands';
import { appendTransmissions, usedTransmissionKeys } from './append-transmissions.ts';
import { addExpiredAttachments } from './attachment-expiry.ts';
import { afterAppending } from './counters.ts';
import { childKey, type DialogState } from './dialog-state.ts';
import { eventsOf } from './events.ts';
import { partIds } from './identified.ts';
import { modified } from './modified.ts';
import { closedForChange, findOwn, foreignReferences, notFound, revisionMismatch } from './open-for-change.ts';
import { applied, type Context, changeOf, Errors, type Outcome } from './outcome.ts';
import { backToDefault, withSent } from './system-labels.ts';
import { addTakenIds } from './taken-ids.ts';

/**
 * Decides whether a transmission may be added to a dialog, checks in the order of section 25.1 of the service owner
 * API. A transmission is not changed by being sent again, so a repeated id is rejected, not merged.
 */
export function createTransmission(
  state: DialogState,
  command: CommandOf<'CreateTransmission'>,
  context: Context,
): Outcome {
  const { dialogId, transmissionId, payload, silent, facts } = command;
  const dialog = findOwn(state, command);
  if (dialog === undefined) return notFound(dialogId);
  const refused = closedForChange(dialog, command) ?? revisionMismatch(dialog, command);
  if (refused !== undefined) return refused;

  const usedKeys = usedTransmissionKeys(state, dialogId, [payload]);
  if (usedKeys.any) return usedKeys.rejected(409);

  const rules = new Errors();
  const storage = new Errors();
  const appended = appendTransmissions(state, dialog, [{ ...payload, id: transmissionId }], facts, context, {
    rules,
    actors: storage,
  });
  addExpiredAttachments('Transmissions.Attachments.ExpiresAt', payload.attachments, context, rules);
  const foreign = foreignReferences(dialog, command);
  if (foreign !== undefined) return foreign;
  if (rules.any) return rules.rejected(422);

  const chosen = [
    ...(payload.id === null ? [] : [{ entity: 'DialogTransmission', id: payload.id }]),
    ...partIds({ attachments: payload.attachments, guiActions: [], apiActions: [] }),
  ];
  if (state.transmissions.has(childKey(dialogId, transmissionId))) {
    storage.add('DialogTransmission', `DialogTransmission with id ${transmissionId} already exists.`);
  } else {
    addTakenIds(state, chosen, storage);
  }
  if (storage.any) return storage.rejected(422);

  const after = afterAppending(modified(dialog, { content: true, silent }, context), appended, [], state);
  const marked = withSent(after.dialog, after.transmissions, context);
  const changed = silent ? marked : backToDefault(marked, context);
  const change = changeOf('updated', changed, {
    transmissions: after.transmissions,
    touchedTransmissions: after.touched,
    chosenIds: chosen.map(({ id }) => id),
    events: silent ? [] : eventsOf('DialogUpdated', changed, after.transmissions, [], context),
  });
  return applied(changed.revision, change);
}
