import type { ActivityBody } from '@dialog/contracts/activity';
import type { CommandKind, CommandOf } from '@dialog/contracts/commands';
import type { CreateDialogBody } from '@dialog/contracts/create-dialog';
import { isTimestamp, type Timestamp } from '@dialog/contracts/timestamp';
import type { TransmissionBody, UpdateTransmissionBody } from '@dialog/contracts/transmission';
import type { UpdateDialogBody } from '@dialog/contracts/update-dialog';
import type { Context } from '../outcome.ts';

/** Ids of the examples: `id(1)` is the first. All are UUIDv7. */
export function id(number: number): string {
  return `019c0000-0000-7000-8000-${String(number).padStart(12, '0')}`;
}

/** A moment of the example day: `at('10:15')`. */
export function at(time: string): Timestamp {
  const text = `2026-03-01T${time.length === 5 ? `${time}:00` : time}.0000000Z`;
  if (!isTimestamp(text)) throw new Error(`Not a time of day: ${time}`);
  return text;
}

export const dialogId = id(1);
export const now = at('12:00');

let revisions = 5000;

/** Ids count up from 9000 in each context, revisions from 5000 in all of them, as none ever comes twice. */
export function contextAt(moment: Timestamp = now): Context {
  let ids = 9000;
  return {
    now: moment,
    newId: () => id(ids++),
    newRevision: () => `00000000-0000-4000-8000-${String(revisions++).padStart(12, '0')}`,
  };
}

export function content(title = 'Byggesøknad') {
  const value = (text: string) => ({ mediaType: 'text/plain' as const, value: [{ languageCode: 'nb', value: text }] });
  return {
    title: value(title),
    nonSensitiveTitle: null,
    summary: null,
    nonSensitiveSummary: null,
    senderName: null,
    additionalInfo: null,
    extendedStatus: null,
    mainContentReference: null,
  };
}

export function transmissionBody(overrides: Partial<TransmissionBody> = {}): TransmissionBody {
  const { title } = content('Vi mangler tegninger');
  return {
    id: null,
    idempotentKey: null,
    createdAt: null,
    authorizationAttribute: null,
    extendedType: null,
    externalReference: null,
    relatedTransmissionId: null,
    type: 'Information',
    sender: { actorType: 'ServiceOwner', actorId: null, actorName: null },
    content: { title, summary: null, contentReference: null },
    attachments: [],
    navigationalActions: [],
    ...overrides,
  };
}

export function activityBody(overrides: Partial<ActivityBody> = {}): ActivityBody {
  return {
    id: null,
    createdAt: null,
    extendedType: null,
    type: 'FormSubmitted',
    transmissionId: null,
    performedBy: { actorType: 'ServiceOwner', actorId: null, actorName: null },
    description: null,
    ...overrides,
  };
}

const mutable = {
  progress: null,
  extendedStatus: null,
  externalReference: null,
  dueAt: null,
  expiresAt: null,
  process: null,
  precedingProcess: null,
  isApiOnly: false,
  status: 'NotApplicable',
  searchTags: [],
  attachments: [],
  transmissions: [],
  guiActions: [],
  apiActions: [],
  activities: [],
} satisfies Partial<UpdateDialogBody>;

export function dialogBody(overrides: Partial<CreateDialogBody> = {}): CreateDialogBody {
  return {
    ...mutable,
    id: null,
    idempotentKey: null,
    serviceResource: 'urn:altinn:resource:ttd-building-permit',
    party: 'urn:altinn:organization:identifier-no:991825827',
    visibleFrom: null,
    createdAt: null,
    updatedAt: null,
    systemLabel: 'Default',
    serviceOwnerLabels: [],
    content: content(),
    ...overrides,
  };
}

export function updateBody(overrides: Partial<UpdateDialogBody> = {}): UpdateDialogBody {
  return { ...mutable, content: content(), ...overrides };
}

type Header = Omit<CommandOf<'UpdateDialog'>, 'kind' | 'payload'>;
type HeaderOf<K extends CommandKind> = Partial<Omit<CommandOf<K>, 'kind' | 'payload'>>;

let commands = 100;
function header(): Header {
  return {
    id: id(commands++),
    dialogId,
    org: 'ttd',
    rights: { admin: false, correspondence: false, legacyHtml: false },
    facts: { notOwned: [], actorNames: {} },
    ifMatch: null,
    silent: false,
    receivedAt: now,
    traceparent: null,
  };
}

export const asAdmin = { rights: { admin: true, correspondence: false, legacyHtml: false } };
export const withCorrespondence = { rights: { admin: false, correspondence: true, legacyHtml: false } };

export function createDialog(
  payload: Partial<CreateDialogBody> = {},
  overrides: HeaderOf<'CreateDialog'> = {},
): CommandOf<'CreateDialog'> {
  const resource = { org: 'ttd', type: 'genericaccessresource' };
  return { ...header(), kind: 'CreateDialog', resource, payload: dialogBody(payload), ...overrides };
}

export function updateDialog(
  payload: Partial<UpdateDialogBody> = {},
  overrides: HeaderOf<'UpdateDialog'> = {},
): CommandOf<'UpdateDialog'> {
  return { ...header(), kind: 'UpdateDialog', payload: updateBody(payload), ...overrides };
}

export function patchDialog(
  payload: CommandOf<'PatchDialog'>['payload'],
  overrides: HeaderOf<'PatchDialog'> = {},
): CommandOf<'PatchDialog'> {
  return { ...header(), kind: 'PatchDialog', payload, ...overrides };
}

export function createTransmission(
  payload: Partial<TransmissionBody> = {},
  overrides: HeaderOf<'CreateTransmission'> = {},
): CommandOf<'CreateTransmission'> {
  const common = header();
  const transmissionId = payload.id ?? common.id;
  return { ...common, kind: 'CreateTransmission', transmissionId, payload: transmissionBody(payload), ...overrides };
}

export function createActivity(
  payload: Partial<ActivityBody> = {},
  overrides: HeaderOf<'CreateActivity'> = {},
): CommandOf<'CreateActivity'> {
  const common = header();
  const activityId = payload.id ?? common.id;
  return { ...common, kind: 'CreateActivity', activityId, payload: activityBody(payload), ...overrides };
}

export function updateTransmission(
  transmissionId: string,
  payload: Partial<UpdateTransmissionBody> = {},
  overrides: HeaderOf<'UpdateTransmission'> = {},
): CommandOf<'UpdateTransmission'> {
  const { id: _, ...body } = transmissionBody(payload);
  return { ...header(), silent: true, kind: 'UpdateTransmission', transmissionId, payload: body, ...overrides };
}

export function moveFormSavedActivity(
  activityId: string,
  createdAt: Timestamp,
  overrides: HeaderOf<'MoveFormSavedActivity'> = {},
): CommandOf<'MoveFormSavedActivity'> {
  return { ...header(), ...asAdmin, kind: 'MoveFormSavedActivity', activityId, createdAt, ...overrides };
}

export function deleteDialog(overrides: HeaderOf<'DeleteDialog'> = {}): CommandOf<'DeleteDialog'> {
  return { ...header(), kind: 'DeleteDialog', ...overrides };
}

export function restoreDialog(overrides: HeaderOf<'RestoreDialog'> = {}): CommandOf<'RestoreDialog'> {
  return { ...header(), kind: 'RestoreDialog', ...overrides };
}

export function purgeDialog(overrides: HeaderOf<'PurgeDialog'> = {}): CommandOf<'PurgeDialog'> {
  return { ...header(), kind: 'PurgeDialog', ...overrides };
}

/** Sent by an administrator: nobody else can. */
export function freezeDialog(overrides: HeaderOf<'FreezeDialog'> = {}): CommandOf<'FreezeDialog'> {
  return { ...header(), ...asAdmin, kind: 'FreezeDialog', ...overrides };
}

export function addServiceOwnerLabel(
  label: string,
  overrides: HeaderOf<'AddServiceOwnerLabel'> = {},
): CommandOf<'AddServiceOwnerLabel'> {
  return { ...header(), kind: 'AddServiceOwnerLabel', label, ...overrides };
}

export function removeServiceOwnerLabel(
  label: string,
  overrides: HeaderOf<'RemoveServiceOwnerLabel'> = {},
): CommandOf<'RemoveServiceOwnerLabel'> {
  return { ...header(), kind: 'RemoveServiceOwnerLabel', label, ...overrides };
}

export const kari = { actorType: 'PartyRepresentative' as const, actorId: null, actorName: 'Fisker Kari Anne' };

const byKari = {
  addLabels: [],
  removeLabels: [],
  performedBy: kari,
  performerNamed: false,
  byEndUser: false,
  unauthorized: [],
};

export function setSystemLabels(overrides: HeaderOf<'SetSystemLabels'> = {}): CommandOf<'SetSystemLabels'> {
  return { ...header(), ...byKari, kind: 'SetSystemLabels', ...overrides };
}

/** Of dialogs by their ids, whatever their revisions. */
export function bulkSetSystemLabels(
  dialogIds: readonly string[],
  overrides: HeaderOf<'BulkSetSystemLabels'> = {},
): CommandOf<'BulkSetSystemLabels'> {
  const dialogs = dialogIds.map((id) => ({ dialogId: id, endUserContextRevision: null }));
  const first = dialogIds[0] ?? dialogId;
  return { ...header(), ...byKari, dialogId: first, kind: 'BulkSetSystemLabels', dialogs, ...overrides };
}

/** Sent by the visibility-worker. */
export function applyVisibility(overrides: HeaderOf<'ApplyVisibility'> = {}): CommandOf<'ApplyVisibility'> {
  return { ...header(), kind: 'ApplyVisibility', ...overrides };
}

export const visitor = {
  actorType: 'PartyRepresentative' as const,
  actorId: 'urn:altinn:person:identifier-no:01817030080',
  actorName: 'Fisker Kari Anne',
};

export function recordVisit(overrides: HeaderOf<'RecordVisit'> = {}): CommandOf<'RecordVisit'> {
  const visit = { seenBy: visitor, isViaServiceOwner: true, contentUpdatedAt: now };
  return { ...header(), ...visit, kind: 'RecordVisit', ...overrides };
}
