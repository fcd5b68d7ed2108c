import { isDeepStrictEqual } from 'node:util';
import type { Command, CommandOf } from '@dialog/contracts/commands';
import { storedDialogRules, type UpdateDialogBody } from '@dialog/contracts/update-dialog';
import { appendActivities, reservedActivityTypes } from './append-activities.ts';
import { appendTransmissions, usedTransmissionKeys } from './append-transmissions.ts';
import { addExpiredAttachments } from './attachment-expiry.ts';
import { afterAppending } from './counters.ts';
import type { Dialog } from './dialog.ts';
import { childKey, type DialogState } from './dialog-state.ts';
import { eventsOf } from './events.ts';
import {
  identifiedApiAction,
  identifiedAttachment,
  identifiedGuiAction,
  inStoredOrder,
  partIds,
} from './identified.ts';
import { modified } from './modified.ts';
import { closedForChange, findOwn, foreignReferences, notFound, revisionMismatch } from './open-for-change.ts';
import { applied, type Context, changeOf, Errors, type Outcome } from './outcome.ts';
import { referencedResources } from './references.ts';
import { backToDefault, withSent } from './system-labels.ts';
import { addTakenIds } from './taken-ids.ts';

/** Members of a PUT body that replace the dialog's, and whether changing one counts as new content (section 13.2). */
const replaceable = {
  status: true,
  extendedStatus: true,
  content: true,
  attachments: true,
  guiActions: true,
  apiActions: true,
  progress: false,
  externalReference: false,
  dueAt: false,
  expiresAt: false,
  process: false,
  precedingProcess: false,
  isApiOnly: false,
  searchTags: false,
} as const satisfies Partial<Record<keyof UpdateDialogBody & keyof Dialog, boolean>>;

/** Decides a PUT: the body replaces what may change; transmissions and activities are appended (section 18). */
export function updateDialog(state: DialogState, command: CommandOf<'UpdateDialog'>, context: Context): Outcome {
  const dialog = findOwn(state, command);
  if (dialog === undefined) return notFound(command.dialogId);
  // Whatever the body alone can tell, the gateway has looked at.
  const invalid = new Errors();
  storedDialogRules(command.payload, dialog, command, (path, message) => invalid.add(`dto.${path}`, message));
  if (invalid.any) return invalid.rejected(400);
  return applyUpdate(state, dialog, command, command.payload, context);
}

/** What PUT and PATCH have in common, from the 410 on. */
export function applyUpdate(
  state: DialogState,
  dialog: Dialog,
  command: Command,
  body: UpdateDialogBody,
  context: Context,
): Outcome {
  const { dialogId, rights, silent, facts } = command;
  const refused = closedForChange(dialog, command) ?? revisionMismatch(dialog, command);
  if (refused !== undefined) return refused;

  const rules = new Errors();
  const storage = new Errors();
  if (!rights.admin && !silent) {
    addPast('DueAt', dialog.dueAt, body.dueAt, context, rules);
    addPast('ExpiresAt', dialog.expiresAt, body.expiresAt, context, rules);
  }
  addRepeated(state.activities, 'DialogActivity', dialogId, body.activities, rules);
  if (!rules.any) {
    const reserved = reservedActivityTypes(body.activities, rights);
    if (reserved !== undefined) return reserved;
  }
  addRepeated(state.transmissions, 'DialogTransmission', dialogId, body.transmissions, rules);
  const appended = appendTransmissions(state, dialog, body.transmissions, facts, context, { rules, actors: storage });
  const newAttachments = body.transmissions.flatMap(({ attachments }) => attachments);
  const before = new Set(partIds(dialog).map(({ id }) => id));
  addRepeatedAttachments(state, dialogId, newAttachments, before, rules);
  addExpiredAttachments('Transmissions.Attachments.ExpiresAt', newAttachments, context, rules);
  const usedKeys = usedTransmissionKeys(state, dialogId, body.transmissions);
  if (usedKeys.any && !rules.any) return usedKeys.rejected(409);
  const added = new Set(appended.transmissions.map(({ id }) => id));
  for (const { transmissionId } of body.activities) {
    if (transmissionId === null || added.has(transmissionId)) continue;
    if (!state.transmissions.has(childKey(dialogId, transmissionId))) {
      rules.add('Activities', `The dialog has no transmission with id ${transmissionId}.`);
    }
  }
  const expiryBefore = new Map(dialog.attachments.map(({ id, expiresAt }) => [id, expiresAt]));
  const movedExpiry = body.attachments.filter(({ id, expiresAt }) => id === null || expiryBefore.get(id) !== expiresAt);
  addExpiredAttachments('Attachments.ExpiresAt', movedExpiry, context, rules);
  const foreign = foreignReferences(dialog, command, referencedResources(body));
  if (foreign !== undefined) return foreign;
  if (rules.any) return rules.rejected(422);

  const after = new Set(partIds(body).map(({ id }) => id));
  const chosen = [
    ...partIds(body).filter(({ id }) => !before.has(id)),
    ...partIds({ attachments: newAttachments, guiActions: [], apiActions: [] }),
    ...named('DialogTransmission', body.transmissions),
    ...named('DialogActivity', body.activities),
  ];
  addTakenIds(state, chosen, storage);
  const activities = appendActivities(dialog, body.activities, facts, context, storage);
  if (storage.any) return storage.rejected(422);

  const replaced = replace(dialog, body, context);
  const names = Object.keys(replaceable).filter(isReplaceable);
  const differing = names.filter((name) => !isDeepStrictEqual(dialog[name], replaced[name]));
  const children = appended.transmissions.length + activities.length;
  if (differing.length === 0 && children === 0) return onlyLabels(dialog, silent, context);

  const content = appended.transmissions.length > 0 || differing.some((name) => replaceable[name]);
  const counted = afterAppending(modified(replaced, { content, silent }, context), appended, activities, state);
  const marked = withSent(counted.dialog, counted.transmissions, context);
  const changed = silent ? marked : backToDefault(marked, context);
  const change = changeOf('updated', changed, {
    transmissions: counted.transmissions,
    activities,
    touchedTransmissions: counted.touched,
    chosenIds: chosen.map(({ id }) => id),
    releasedIds: [...before].filter((id) => !after.has(id)),
    events: silent ? [] : eventsOf('DialogUpdated', changed, counted.transmissions, activities, context),
  });
  return applied(changed.revision, change);
}

/** An update without a difference keeps the revision, but still takes the dialog out of bin or archive (5.6). */
function onlyLabels(dialog: Dialog, silent: boolean, context: Context): Outcome {
  const labelled = silent ? dialog : backToDefault(dialog, context);
  return labelled === dialog ? applied(dialog.revision) : applied(dialog.revision, changeOf('updated', labelled));
}

function replace(dialog: Dialog, body: UpdateDialogBody, context: Context): Dialog {
  const { status, extendedStatus, content, progress, externalReference, dueAt, expiresAt } = body;
  const { process, precedingProcess, isApiOnly, searchTags } = body;
  const urlsOf = new Map(dialog.attachments.map(({ id, urls }) => [id, urls]));
  const attachments = body.attachments.map((given) => {
    const attachment = identifiedAttachment(given, context);
    return { ...attachment, urls: inStoredOrder(urlsOf.get(attachment.id) ?? [], attachment.urls) };
  });
  const guiActions = body.guiActions.map((action) => identifiedGuiAction(action, context));
  const endpointsOf = new Map(dialog.apiActions.map(({ id, endpoints }) => [id, endpoints]));
  const apiActions = body.apiActions.map((given) => {
    const action = identifiedApiAction(given, context);
    return { ...action, endpoints: inStoredOrder(endpointsOf.get(action.id) ?? [], action.endpoints) };
  });
  return {
    ...dialog,
    ...{ status, extendedStatus, content, progress, externalReference, dueAt, expiresAt },
    ...{ process, precedingProcess, isApiOnly, searchTags },
    unopenedContentOverride: null,
    attachments: inStoredOrder(dialog.attachments, attachments),
    guiActions: inStoredOrder(dialog.guiActions, guiActions),
    apiActions: inStoredOrder(dialog.apiActions, apiActions),
  };
}

function addPast(key: string, before: string | null, after: string | null, { now }: Context, errors: Errors): void {
  if (after !== null && after !== before && after <= now) errors.add(key, `${key} must be in the future.`);
}

/** Children are appended, never changed: one that the dialog has already is no update of it (section 7.5). */
function addRepeated(
  known: { has(key: string): boolean },
  entity: string,
  dialogId: string,
  bodies: readonly { id: string | null }[],
  errors: Errors,
): void {
  for (const { id } of bodies) {
    if (id !== null && known.has(childKey(dialogId, id))) errors.add(entity, `${entity} with id ${id} already exists.`);
  }
}

/** Of the parts with a chosen id, those that are not the dialog's own are its transmissions' attachments. */
function addRepeatedAttachments(
  { takenIds }: DialogState,
  dialogId: string,
  attachments: readonly { id: string | null }[],
  own: ReadonlySet<string>,
  errors: Errors,
): void {
  for (const { id } of attachments) {
    if (id === null || own.has(id) || takenIds.get(id) !== dialogId) continue;
    errors.add('DialogAttachment', `DialogAttachment with id ${id} already exists.`);
  }
}

function named(entity: string, bodies: readonly { id: string | null }[]): { entity: string; id: string }[] {
  return bodies.flatMap(({ id }) => (id === null ? [] : [{ entity, id }]));
}

function isReplaceable(name: string): name is keyof typeof replaceable {
  return name in replaceable;
}
