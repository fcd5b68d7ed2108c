import { timestampOf } from '../timestamp.ts';
import type { Validated } from '../validate.ts';

/** Examples that the tests of bodies start from. All of them are valid at `now`. */
export const now = timestampOf(Date.parse('2026-11-22T10:00:00Z'));
export const noRights = { admin: false, correspondence: false, legacyHtml: false };
export const ordinary = { now, rights: noRights };

/** UUIDs of version 7: of the past, and of more than 15 s after `now`. */
export const pastId = idAt('2026-11-22T09:59:00Z', 1);
export const otherPastId = idAt('2026-11-22T09:59:00Z', 2);
export const futureId = idAt('2026-11-22T10:00:16Z', 1);
export const v4 = '5b0c2c1e-6f7d-4f39-9a3e-1b2f0c7d8e90';

export function idAt(time: string, count: number): string {
  const hex = Date.parse(time).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${String(count).padStart(12, '0')}`;
}

export function texts(...values: string[]) {
  const codes = ['nb', 'en', 'nn', 'se'];
  return values.map((value, index) => ({ languageCode: codes[index], value }));
}

export const content = { title: { value: texts('Byggesøknad') } };
export const serviceOwner = { actorType: 'ServiceOwner' };
export const person = 'urn:altinn:person:identifier-no:01817030080';

export const dialog = {
  serviceResource: 'urn:altinn:resource:building-permit',
  party: 'urn:altinn:organization:identifier-no:314700554',
  content,
};
export const update = { status: 'InProgress', content };

export const attachmentUrl = { url: 'https://example.com/1.pdf', consumerType: 'Gui' };
export const attachment = { urls: [attachmentUrl] };
export const guiAction = {
  action: 'write',
  url: 'https://example.com/form',
  priority: 'Primary',
  title: texts('Fill in'),
};
export const endpoint = { url: 'https://example.com/api', httpMethod: 'POST' };
export const apiAction = { action: 'write', endpoints: [endpoint] };
export const transmission = { type: 'Information', sender: serviceOwner, content };
export const navigationalAction = { title: texts('Read more'), url: 'https://example.com/more' };
export const activity = { type: 'DialogCreated', performedBy: serviceOwner };

/** A dialog with something of everything. */
export const fullDialog = {
  ...dialog,
  id: pastId,
  idempotentKey: 'case-118',
  progress: 20,
  extendedStatus: 'step-2',
  externalReference: 'case/2026/118',
  visibleFrom: '2026-11-22T12:00:00+01:00',
  dueAt: '2027-01-01T00:00:00Z',
  expiresAt: '2028-01-01T00:00:00Z',
  process: 'urn:example:process:1',
  precedingProcess: 'urn:example:process:0',
  createdAt: '2026-11-20T10:00:00Z',
  updatedAt: '2026-11-21T10:00:00Z',
  status: 'InProgress',
  systemLabel: 'Archive',
  serviceOwnerContext: { serviceOwnerLabels: [{ value: 'Case:118' }, { value: 'archive' }] },
  content: {
    title: { mediaType: 'text/plain', value: texts('Byggesøknad', 'Building permit') },
    summary: { value: texts('Vi har mottatt søknaden.') },
    additionalInfo: { mediaType: 'text/markdown', value: texts('# Mer\n\nom *søknaden*') },
    mainContentReference: {
      mediaType: 'application/vnd.dialogporten.frontchannelembed+json;type=markdown',
      value: texts('https://example.com/embed.md'),
    },
  },
  searchTags: [{ value: ' Oslo' }, { value: 'byggesak' }],
  attachments: [
    { ...attachment, id: pastId, displayName: texts('Tegning', 'Drawing'), expiresAt: '2027-01-01T00:00:00Z' },
  ],
  transmissions: [
    {
      ...transmission,
      id: pastId,
      attachments: [attachment],
      navigationalActions: [{ ...navigationalAction, expiresAt: '2027-01-01T00:00:00Z' }],
    },
    { ...transmission, type: 'Submission', sender: { actorType: 1, actorId: person }, relatedTransmissionId: pastId },
  ],
  guiActions: [{ ...guiAction, prompt: texts('Er du sikker?') }],
  apiActions: [{ ...apiAction, authorizationAttribute: 'urn:altinn:subresource:api' }],
  activities: [
    { ...activity, id: pastId, createdAt: '2026-11-22T09:00:00Z' },
    { type: 'TransmissionOpened', performedBy: { actorType: 1, actorName: 'Kari' }, transmissionId: pastId },
    { type: 'Information', performedBy: serviceOwner, description: texts('Noe', 'Something') },
  ],
};

/** The keys under which something was found wrong, in order. */
export function keysOf(validated: Validated<unknown>): string[] {
  return validated.ok ? [] : Object.keys(validated.errors).sort();
}

/** The normal form of a body that has to be valid. */
export function readValue<Value>(validated: Validated<Value>): Value {
  if (!validated.ok) throw new Error(`Refused: ${JSON.stringify(validated.errors)}`);
  return validated.value;
}
