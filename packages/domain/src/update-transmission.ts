import type { CommandOf } from '@dialog/contracts/commands';
import { namedActor } from './actor.ts';
import { type Dialog, hasUnopenedContent, isFromParty, type Transmission, tellingUnopened } from './dialog.ts';
import { childKey, type DialogState } from './dialog-state.ts';
import { identifiedAttachment, inStoredOrder, partIds } from './identified.ts';
import { moveTransmission } from './move-transmission.ts';
import { closedForChange, findOwn, foreignReferences, notFound, revised, revisionMismatch } from './open-for-change.ts';
import { applied, type Context, changeOf, Errors, type Outcome, rejected } from './outcome.ts';
import { addTakenIds } from './taken-ids.ts';

/**
 * Decides whether a transmission may be corrected, checks in the order of section 25.5 of the service owner API. The
 * body replaces it, and nothing else of the dialog moves but its revision: no times, no labels, and nobody is told.
 */
export function updateTransmission(
  state: DialogState,
  command: CommandOf<'UpdateTransmission'>,
  context: Context,
): Outcome {
  const { dialogId, transmissionId, payload, facts } = command;
  const dialog = findOwn(state, command);
  if (dialog === undefined) return notFound(dialogId);
  const refused = foreignReferences(dialog, command) ?? closedForChange(dialog, command);
  if (refused !== undefined) return refused;
  const stored = storedTransmission(state, dialogId, transmissionId);
  if (stored === undefined) {
    return rejected(404, { DialogTransmission: [`No transmission was found with id (${transmissionId})`] });
  }
  const { idempotentKey } = payload;
  const holder = idempotentKey === null ? undefined : state.transmissionKeys.get(childKey(dialogId, idempotentKey));
  if (holder !== undefined && holder !== transmissionId) {
    return rejected(409, { IdempotentKey: [`'${idempotentKey}' is used by another transmission.`] });
  }
  const rules = new Errors();
  const moved = moveTransmission(state, stored, payload.relatedTransmissionId, rules);
  if (rules.any) return rules.rejected(422);

  const storage = new Errors();
  const before = new Set(partIdsOf(stored).map(({ id }) => id));
  const named = partIdsOf(payload);
  const chosen = named.filter(({ id }) => !before.has(id));
  addTakenIds(state, chosen, storage);
  const sender = namedActor(payload.sender, facts, storage);
  if (storage.any) return storage.rejected(422);
  const mismatch = revisionMismatch(dialog, command);
  if (mismatch !== undefined) return mismatch;

  const attachments = payload.attachments.map((attachment) => identifiedAttachment(attachment, context));
  const corrected: Transmission = {
    ...stored,
    ...payload,
    createdAt: payload.createdAt ?? stored.createdAt,
    sender,
    attachments: inStoredOrder(stored.attachments, attachments),
    depth: moved.transmission.depth,
  };
  const after = new Set(named.map(({ id }) => id));
  const changed = recounted(revised(dialog, context), stored, corrected);
  const change = changeOf('updated', changed, {
    correctedTransmissions: [corrected],
    touchedTransmissions: moved.touched,
    chosenIds: chosen.map(({ id }) => id),
    releasedIds: [...before].filter((id) => !after.has(id)),
  });
  return applied(changed.revision, change);
}

function storedTransmission(state: DialogState, dialogId: string, id: string): Transmission | undefined {
  const key = childKey(dialogId, id);
  const whole = state.wholeTransmissions.get(key);
  const known = state.transmissions.get(key);
  return whole === undefined || known === undefined ? undefined : { ...whole, ...known };
}

/**
 * Keeps the counters that later decisions look at in step with a transmission that may have changed sides, while the
 * dialog goes on telling the same of unopened content. The counts that readers see are never lowered (section 13.5).
 */
function recounted(dialog: Dialog, before: Transmission, after: Transmission): Dialog {
  const counted = {
    ...dialog,
    unopenedTransmissionsCount: dialog.unopenedTransmissionsCount + unopened(after) - unopened(before),
    contentlessTransmissionsCount: dialog.contentlessTransmissionsCount + contentless(after) - contentless(before),
  };
  return tellingUnopened(counted, hasUnopenedContent(dialog));
}

function unopened(transmission: Transmission): number {
  return isFromParty(transmission) || transmission.opened ? 0 : 1;
}

function contentless({ content }: Transmission): number {
  return content === null ? 1 : 0;
}

function partIdsOf({ attachments }: Pick<CommandOf<'UpdateTransmission'>['payload'], 'attachments'>) {
  return partIds({ attachments, guiActions: [], apiActions: [] });
}
