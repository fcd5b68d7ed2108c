import type { Command } from '@dialog/contracts/commands';
import type { DialogEvent } from '@dialog/contracts/dialog-event';

import { type AppliedKey, appliedKeyOf, createdBy, type NamedKey, namedKeyOf } from './applied-keys.ts';
import type { Dialog, KnownActivity, KnownTransmission, SeenLogEntry, Transmission } from './dialog.ts';
import type { Change, Outcome } from './outcome.ts';

/**
 * What decisions look at: the dialogs of an envelope's commands, and of everything else only what those commands name.
 * Nothing here grows with the number of children a dialog has, but for what is withheld from its party.
 */
export type DialogState = {
  dialogs: Map<string, Dialog>;
  /** By `childKey`, as are the next two. */
  transmissions: Map<string, KnownTransmission>;
  /** Those that a command corrects, and those that are new. Where they stand in the hierarchy, `transmissions` knows. */
  wholeTransmissions: Map<string, Transmission>;
  activities: Map<string, KnownActivity>;
  /**
   * The last two visits of an end user to a dialog, newest first, by `childKey` of the end user's id: there are never
   * more entries for one time of update, and updates only move on.
   */
  lastVisits: Map<string, KnownVisit[]>;
  /** Ids that a caller once chose for a part of any dialog, with that dialog. */
  takenIds: Map<string, string>;
  /** Who holds an idempotent key, by `orgKey`. */
  dialogKeys: Map<string, { dialogId: string; revision: string; deleted: boolean }>;
  /** Which transmission has an idempotent key, by `childKey` of the key. */
  transmissionKeys: Map<string, string>;
  /** Changes that were applied under a key that a command gives, by `appliedKeyOf`. */
  appliedKeys: Map<string, AppliedKey>;
  /** All that is withheld from the party, in order, of the dialogs that a command may show to it. */
  withheld: Map<string, DialogEvent[]>;
};

export type KnownVisit = Pick<SeenLogEntry, 'id' | 'seenAt'>;
export const knownVisitsMax = 2;

/** What must be loaded before some commands can be decided. */
export type Lookups = {
  dialogIds: string[];
  children: { dialogId: string; id: string }[];
  dialogKeys: { org: string; idempotentKey: string }[];
  transmissionKeys: { dialogId: string; idempotentKey: string }[];
  appliedKeys: NamedKey[];
  /** Transmissions that are corrected, and what each is to be related to from now on. */
  corrections: Correction[];
  visitors: Visitor[];
  /** Dialogs that the party may get to see by a command. */
  appearing: string[];
};
export type Visitor = { dialogId: string; actorId: string };
export type Correction = { dialogId: string; id: string; relatedTransmissionId: string | null };

/** Key of something inside a dialog: a child's id or a transmission's idempotent key. */
export function childKey(dialogId: string, key: string): string {
  return `${dialogId}/${key}`;
}

export function orgKey(org: string, idempotentKey: string): string {
  return `${org}/${idempotentKey}`;
}

export function emptyState(): DialogState {
  return {
    dialogs: new Map(),
    transmissions: new Map(),
    wholeTransmissions: new Map(),
    activities: new Map(),
    lastVisits: new Map(),
    takenIds: new Map(),
    dialogKeys: new Map(),
    transmissionKeys: new Map(),
    appliedKeys: new Map(),
    withheld: new Map(),
  };
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Names what the decisions on these commands will look at.
 *
 * A payload is searched for every id that its caller wrote, whatever the member: a patch can put an id anywhere, and
 * asking for one that turns out not to matter costs one more key in a look-up that is made anyway.
 */
export function lookupsOf(commands: readonly Command[]): Lookups {
  const dialogIds = new Set<string>();
  const children = new Map<string, { dialogId: string; id: string }>();
  const dialogKeys = new Map<string, { org: string; idempotentKey: string }>();
  const transmissionKeys = new Map<string, { dialogId: string; idempotentKey: string }>();
  const appliedKeys = new Map<string, NamedKey>();
  const corrections: Correction[] = [];
  const visitors = new Map<string, Visitor>();
  const appearing = new Set<string>();

  for (const command of commands) {
    const { dialogId } = command;
    // An id that the gateway has just made belongs to no dialog yet.
    if (command.kind !== 'CreateDialog' || command.payload.id !== null) dialogIds.add(dialogId);
    if (command.kind === 'BulkSetSystemLabels') for (const named of command.dialogs) dialogIds.add(named.dialogId);
    const namedKey = namedKeyOf(command);
    if (namedKey !== undefined) appliedKeys.set(appliedKeyOf(namedKey), namedKey);
    const { ids, idempotentKeys } = namedIn('payload' in command ? command.payload : undefined);
    if (command.kind === 'RecordVisit') {
      const { actorId } = command.seenBy;
      visitors.set(childKey(dialogId, actorId), { dialogId, actorId });
    }
    if (command.kind === 'ApplyVisibility') appearing.add(dialogId);
    if (command.kind === 'MoveFormSavedActivity') ids.add(command.activityId);
    if (command.kind === 'UpdateTransmission') {
      const { transmissionId: id, payload } = command;
      ids.add(id);
      corrections.push({ dialogId, id, relatedTransmissionId: payload.relatedTransmissionId });
    }
    for (const id of ids) children.set(childKey(dialogId, id), { dialogId, id });
    if (command.kind === 'CreateDialog') {
      const { idempotentKey } = command.payload;
      const org = command.resource?.org;
      if (idempotentKey !== null && org !== undefined)
        dialogKeys.set(orgKey(org, idempotentKey), { org, idempotentKey });
    } else {
      for (const idempotentKey of idempotentKeys) {
        transmissionKeys.set(childKey(dialogId, idempotentKey), { dialogId, idempotentKey });
      }
    }
  }
  return {
    dialogIds: [...dialogIds],
    children: [...children.values()],
    dialogKeys: [...dialogKeys.values()],
    transmissionKeys: [...transmissionKeys.values()],
    appliedKeys: [...appliedKeys.values()],
    corrections,
    visitors: [...visitors.values()],
    appearing: [...appearing],
  };
}

/** The UUIDs and the idempotent keys that a payload writes, whatever the member. */
export function namedIn(payload: unknown): { ids: Set<string>; idempotentKeys: Set<string> } {
  const ids = new Set<string>();
  const idempotentKeys = new Set<string>();
  const pending: unknown[] = [payload];
  while (pending.length > 0) {
    const value = pending.pop();
    if (Array.isArray(value)) {
      for (const item of value) pending.push(item);
      continue;
    }
    if (typeof value !== 'object' || value === null) continue;
    // Not entries: making pairs took twice as long as everything else here.
    const names = Object.keys(value);
    const members: unknown[] = Object.values(value);
    for (const [index, member] of members.entries()) {
      if (typeof member === 'object') pending.push(member);
      else if (typeof member !== 'string') continue;
      else if (isKeyName(names[index] ?? '')) idempotentKeys.add(member);
      else if (member.length === 36 && uuid.test(member)) ids.add(member.toLowerCase());
    }
    // A patch operation names the member in its path and the key in its value.
    if ('path' in value && 'value' in value && typeof value.path === 'string' && typeof value.value === 'string') {
      if (value.path.toLowerCase().endsWith('/idempotentkey')) idempotentKeys.add(value.value);
    }
  }
  return { ids, idempotentKeys };
}

/** The length first: this is asked of every text in every payload. */
function isKeyName(name: string): boolean {
  return name.length === 'idempotentKey'.length && name.toLowerCase() === 'idempotentkey';
}

/** Folds a change into the state, so that the next command of the envelope is decided on what this one left. */
export function record(state: DialogState, change: Change): void {
  const { dialog } = change;
  if (change.kind === 'purged') {
    forget(state, dialog);
    return;
  }
  state.dialogs.set(dialog.id, dialog);
  if (dialog.idempotentKey !== null) {
    const deleted = dialog.deletedAt !== null;
    state.dialogKeys.set(orgKey(dialog.org, dialog.idempotentKey), {
      dialogId: dialog.id,
      revision: dialog.revision,
      deleted,
    });
  }
  for (const id of change.releasedIds) state.takenIds.delete(id);
  for (const id of change.chosenIds) state.takenIds.set(id, dialog.id);
  for (const transmission of change.touchedTransmissions) recordTransmission(state, transmission);
  for (const transmission of [...change.transmissions, ...change.correctedTransmissions]) {
    const { dialogId, id, idempotentKey } = transmission;
    const key = childKey(dialogId, id);
    const keyBefore = state.wholeTransmissions.get(key)?.idempotentKey ?? null;
    if (keyBefore !== null) state.transmissionKeys.delete(childKey(dialogId, keyBefore));
    if (idempotentKey !== null) state.transmissionKeys.set(childKey(dialogId, idempotentKey), id);
    recordTransmission(state, transmission);
    state.wholeTransmissions.set(key, transmission);
  }
  for (const { dialogId, id, type } of change.activities) {
    state.activities.set(childKey(dialogId, id), { dialogId, id, type });
  }
  if (change.withheld.length > 0) {
    const events = change.withheld.map(({ event }) => event);
    state.withheld.set(dialog.id, [...(state.withheld.get(dialog.id) ?? []), ...events]);
  }
  for (const { dialogId, id, seenAt, seenBy } of change.visits) {
    const key = childKey(dialogId, seenBy.actorId);
    state.lastVisits.set(key, [{ id, seenAt }, ...(state.lastVisits.get(key) ?? [])].slice(0, knownVisitsMax));
  }
}

/** Keeps the key of a command that has just been applied. A command that was rejected may be tried again under its key. */
export function recordKey(state: DialogState, command: Command, outcome: Outcome): void {
  const named = namedKeyOf(command);
  if (named === undefined || outcome.kind === 'rejected' || outcome.repeated !== undefined) return;
  const { revision } = outcome;
  state.appliedKeys.set(appliedKeyOf(named), {
    ...named,
    ...{ operationId: command.id, revision, createdId: createdBy(command) },
  });
}

function recordTransmission(state: DialogState, transmission: KnownTransmission): void {
  const { dialogId, id, type, relatedTransmissionId, depth, repliesCount, opened } = transmission;
  const known = { dialogId, id, type, relatedTransmissionId, depth, repliesCount, opened };
  state.transmissions.set(childKey(dialogId, id), known);
}

/** All that a purged dialog held is free again. */
function forget(state: DialogState, { id, org, idempotentKey }: Dialog): void {
  state.dialogs.delete(id);
  state.withheld.delete(id);
  if (idempotentKey !== null) state.dialogKeys.delete(orgKey(org, idempotentKey));
  for (const [taken, dialogId] of state.takenIds) if (dialogId === id) state.takenIds.delete(taken);
  const { transmissions, wholeTransmissions, activities, lastVisits, transmissionKeys, appliedKeys } = state;
  for (const children of [transmissions, wholeTransmissions, activities, lastVisits, transmissionKeys, appliedKeys]) {
    for (const key of children.keys()) if (key.startsWith(childKey(id, ''))) children.delete(key);
  }
}
