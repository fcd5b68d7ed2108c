import { describe, expect, it } from 'vitest';
import {
  activity,
  apiAction,
  attachment,
  attachmentUrl,
  content,
  dialog,
  endpoint,
  fullDialog,
  futureId,
  guiAction,
  idAt,
  keysOf,
  noRights,
  now,
  ordinary,
  otherPastId,
  pastId,
  person,
  readValue,
  serviceOwner,
  texts,
  transmission,
  v4,
} from './testing/bodies.ts';
import { validateCreateDialog } from './validate.ts';

/** What a change of the smallest dialog is refused for. */
function keysWith(change: object, rights = noRights): string[] {
  return keysOf(validateCreateDialog({ ...dialog, ...change }, { now, rights }));
}

function valueWith(change: object, rights = noRights) {
  return readValue(validateCreateDialog({ ...dialog, ...change }, { now, rights }));
}

describe('the normal form', () => {
  it('has null for what was left out, and lists always', () => {
    expect(valueWith({})).toEqual({
      id: null,
      idempotentKey: null,
      serviceResource: dialog.serviceResource,
      party: dialog.party,
      progress: null,
      extendedStatus: null,
      externalReference: null,
      visibleFrom: null,
      dueAt: null,
      expiresAt: null,
      process: null,
      precedingProcess: null,
      isApiOnly: false,
      createdAt: null,
      updatedAt: null,
      status: 'NotApplicable',
      systemLabel: 'Default',
      serviceOwnerLabels: [],
      content: {
        title: { mediaType: 'text/plain', value: texts('Byggesøknad') },
        nonSensitiveTitle: null,
        summary: null,
        nonSensitiveSummary: null,
        senderName: null,
        additionalInfo: null,
        extendedStatus: null,
        mainContentReference: null,
      },
      searchTags: [],
      attachments: [],
      transmissions: [],
      guiActions: [],
      apiActions: [],
      activities: [],
    });
  });

  it('has canonical times, enumerations, tags, labels and media types, and texts in order of language', () => {
    const value = readValue(validateCreateDialog(fullDialog, ordinary));
    expect(value).toMatchObject({
      visibleFrom: '2026-11-22T11:00:00.0000000Z',
      searchTags: ['byggesak', 'oslo'],
      serviceOwnerLabels: ['archive', 'case:118'],
      systemLabel: 'Archive',
    });
    expect(value.content?.title.value.map((text) => text.languageCode)).toEqual(['en', 'nb']);
    expect(value.content?.mainContentReference?.mediaType).toBe(
      'application/vnd.dialogporten.frontchannelembed-url;type=text/markdown',
    );
    expect(value.attachments).toEqual([
      {
        id: pastId,
        displayName: [
          { languageCode: 'en', value: 'Drawing' },
          { languageCode: 'nb', value: 'Tegning' },
        ],
        name: null,
        expiresAt: '2027-01-01T00:00:00.0000000Z',
        urls: [{ id: null, url: 'https://example.com/1.pdf', mediaType: null, consumerType: 'Gui' }],
      },
    ]);
    expect(value.transmissions[0]).toMatchObject({
      idempotentKey: null,
      createdAt: null,
      sender: { actorType: 'ServiceOwner', actorId: null, actorName: null },
      attachments: [{ id: null, displayName: null, urls: [{ id: null, url: 'https://example.com/1.pdf' }] }],
      navigationalActions: [{ expiresAt: '2027-01-01T00:00:00.0000000Z' }],
    });
    expect(value.transmissions[1]?.sender).toEqual({
      actorType: 'PartyRepresentative',
      actorId: person,
      actorName: null,
    });
    expect(value.guiActions[0]).toMatchObject({
      httpMethod: 'GET',
      isDeleteDialogAction: false,
      prompt: texts('Er du sikker?'),
    });
    expect(value.apiActions[0]?.endpoints[0]).toMatchObject({ version: null, deprecated: false, sunsetAt: null });
    expect(value.activities[0]).toMatchObject({ description: null, transmissionId: null, extendedType: null });
  });

  it('reads members in any casing, the last of two that differ in casing only, and drops unknown ones', () => {
    const { content: _, ...rest } = dialog;
    const value = readValue(
      validateCreateDialog(
        {
          ...rest,
          progress: 1,
          PROGRESS: 2,
          CONTENT: { Title: { VALUE: [{ LanguageCode: 'nb', value: 'x' }] } },
          x: 1,
        },
        ordinary,
      ),
    );
    expect(value.progress).toBe(2);
    expect(value.content?.title.value).toEqual(texts('x'));
    expect(value).not.toHaveProperty('x');
  });

  it.each([
    [
      'a resource in lower case',
      { serviceResource: 'urn:altinn:resource:ABC' },
      { serviceResource: 'urn:altinn:resource:abc' },
    ],
    ['a party in lower case', { party: dialog.party.toUpperCase() }, { party: dialog.party }],
    ['an id in lower case', { id: pastId.toUpperCase() }, { id: pastId }],
    ['an integer written as a string', { progress: '42' }, { progress: 42 }],
    ['an enumeration in any casing', { status: 'draft' }, { status: 'Draft' }],
    ['an enumeration by number', { status: 5 }, { status: 'RequiresAttention' }],
    ['an older status', { status: 'New' }, { status: 'NotApplicable' }],
    ['another older status', { status: 4 }, { status: 'Awaiting' }],
    ['no status', { status: null }, { status: 'NotApplicable' }],
    ['the year 1 as no time', { createdAt: '0001-01-01T00:00:00Z' }, { createdAt: null }],
    ['a normalised process', { process: 'HTTPS://Example.com' }, { process: 'https://example.com/' }],
    [
      'a normalised url',
      { guiActions: [{ ...guiAction, url: 'HTTPS://Example.com' }] },
      { guiActions: [{ url: 'https://example.com/' }] },
    ],
    ['no context', { serviceOwnerContext: null }, { serviceOwnerLabels: [] }],
    ['no prompt for an empty one', { guiActions: [{ ...guiAction, prompt: [] }] }, { guiActions: [{ prompt: null }] }],
    ['no prompt for null', { guiActions: [{ ...guiAction, prompt: null }] }, { guiActions: [{ prompt: null }] }],
    [
      'no display name for an empty one',
      { attachments: [{ ...attachment, displayName: [] }] },
      { attachments: [{ displayName: null }] },
    ],
    [
      'a language without its region',
      { content: { title: { value: [{ languageCode: ' EN_gb', value: 'a' }] } } },
      { content: { title: { value: [{ languageCode: 'en' }] } } },
    ],
    [
      'no id for the urls of a transmission',
      { transmissions: [{ ...transmission, attachments: [{ urls: [{ ...attachmentUrl, id: 'x' }] }] }] },
      { transmissions: [{ attachments: [{ urls: [{ id: null }] }] }] },
    ],
  ])('has %s', (_, change, expected) => {
    expect(valueWith(change)).toMatchObject(expected);
  });
});

describe('JSON that cannot be read is told without a prefix', () => {
  it.each([
    ['no object', null, 'SerializerErrors'],
    ['a list', [], 'SerializerErrors'],
    ['no body', undefined, 'SerializerErrors'],
  ])('%s', (_, body, key) => {
    expect(keysOf(validateCreateDialog(body, ordinary))).toEqual([key]);
  });

  it.each([
    ['a string for a number', { progress: 'many' }, 'progress'],
    ['a fraction for an integer', { progress: 4.5 }, 'progress'],
    ['a number for a string', { extendedStatus: 5 }, 'extendedStatus'],
    ['a string for a boolean', { isApiOnly: 'true' }, 'isApiOnly'],
    ['null for a boolean', { isApiOnly: null }, 'isApiOnly'],
    ['null for a list', { attachments: null }, 'attachments'],
    ['null for a nested list', { attachments: [{ ...attachment, displayName: null }] }, 'attachments[0].displayName'],
    ['null for a title', { content: { title: null } }, 'content.title'],
    [
      'null for a media type',
      { content: { title: { mediaType: null, value: texts('a') } } },
      'content.title.mediaType',
    ],
    ['null for a sender', { transmissions: [{ ...transmission, sender: null }] }, 'transmissions[0].sender'],
    [
      'null for the time of a transmission',
      { transmissions: [{ ...transmission, createdAt: null }] },
      'transmissions[0].createdAt',
    ],
    ['null for who did it', { activities: [{ ...activity, performedBy: null }] }, 'activities[0].performedBy'],
    ['null for a method', { guiActions: [{ ...guiAction, httpMethod: null }] }, 'guiActions[0].httpMethod'],
    ['a time without an offset', { dueAt: '2027-01-01T00:00:00' }, 'dueAt'],
    ['a day that no month has', { dueAt: '2027-02-30T00:00:00Z' }, 'dueAt'],
    ['an unknown name', { status: 'Nearly' }, 'status'],
    ['an unknown name in a list', { guiActions: [{ ...guiAction, priority: 'High' }] }, 'guiActions[0].priority'],
    ['no UUID', { id: 'abc' }, 'id'],
    ['a UUID without hyphens', { id: pastId.replaceAll('-', '') }, 'id'],
    [
      'a text without a language',
      { content: { title: { value: [{ value: 'a' }] } } },
      'content.title.value[0].languageCode',
    ],
    [
      'a language without a text',
      { content: { title: { value: [{ languageCode: 'nb' }] } } },
      'content.title.value[0].value',
    ],
    ['the character U+0000', { externalReference: 'a\0b' }, 'externalReference'],
    [
      'half of a surrogate pair',
      { content: { title: { value: texts('a', '\udc00') } } },
      'content.title.value[1].value',
    ],
  ])('%s', (_, change, key) => {
    expect(keysWith(change)).toEqual([key]);
  });
});

describe('members of the dialog', () => {
  it.each([
    ['a resource of another kind', { serviceResource: 'urn:altinn:app:a' }, ['dto.serviceResource']],
    ['a resource without a name', { serviceResource: 'urn:altinn:resource:' }, ['dto.serviceResource']],
    ['a prefix in upper case', { serviceResource: 'urn:ALTINN:resource:a' }, ['dto.serviceResource']],
    ['a resource that is no URI', { serviceResource: 'urn:altinn:resource:a b' }, ['dto.serviceResource']],
    ['a long resource', { serviceResource: `urn:altinn:resource:${'a'.repeat(1003)}` }, []],
    [
      'a resource that is too long',
      { serviceResource: `urn:altinn:resource:${'a'.repeat(1004)}` },
      ['dto.serviceResource'],
    ],
    ['no party', { party: undefined }, ['dto.party']],
    ['a party that is none', { party: '314700554' }, ['dto.party']],
    ['progress at its ends', { progress: 0 }, []],
    ['progress at its other end', { progress: 100 }, []],
    ['too little progress', { progress: -1 }, ['dto.progress']],
    ['too much progress', { progress: '101' }, ['dto.progress']],
    ['a short key', { idempotentKey: 'ab' }, ['dto.idempotentKey']],
    ['a key', { idempotentKey: 'a'.repeat(36) }, []],
    ['a long key', { idempotentKey: 'a'.repeat(37) }, ['dto.idempotentKey']],
    ['long texts', { extendedStatus: 'a'.repeat(255), externalReference: 'a'.repeat(255) }, []],
    ['a status that is too long', { extendedStatus: 'a'.repeat(256) }, ['dto.extendedStatus']],
    ['a reference that is too long', { externalReference: 'a'.repeat(256) }, ['dto.externalReference']],
    ['empty texts', { extendedStatus: '', externalReference: '' }, []],
    ['a process that is no URI', { process: 'a b' }, ['dto.process']],
    ['a process that is too long', { process: `urn:a:${'b'.repeat(1018)}` }, ['dto.process']],
    ['a long process', { process: `urn:a:${'b'.repeat(1017)}` }, []],
    ['a preceding process alone', { precedingProcess: 'urn:a:b' }, ['dto.process']],
    ['a preceding process with an empty one', { precedingProcess: 'urn:a:b', process: '' }, ['dto.process']],
    ['a preceding process with one', { precedingProcess: 'urn:a:b', process: 'urn:a:c' }, []],
    ['a status without a name', { status: 9 }, ['dto.status']],
    ['the status 0', { status: 0 }, ['dto.status']],
    ['a label of the service', { systemLabel: 'Sent' }, ['dto.systemLabel']],
    ['a label of the users', { systemLabel: 'MarkedAsUnopened' }, ['dto.systemLabel']],
    ['a label', { systemLabel: 'bin' }, []],
  ])('%s', (_, change, keys) => {
    expect(keysWith(change)).toEqual(keys);
  });

  it('tells everything at once', () => {
    const body = { party: 'x', status: 'x', progress: 101, guiActions: [{}], attachments: [{ urls: [] }] };
    expect(keysOf(validateCreateDialog(body, ordinary))).toEqual([
      'dto.attachments[0].urls',
      'dto.content',
      'dto.guiActions[0].action',
      'dto.guiActions[0].priority',
      'dto.guiActions[0].title',
      'dto.guiActions[0].url',
      'dto.party',
      'dto.progress',
      'dto.serviceResource',
      'status',
    ]);
  });

  it('tells rules of the clock together with others', () => {
    expect(keysWith({ party: 'x', createdAt: '2026-11-22T10:00:16Z' })).toEqual(['dto.createdAt', 'dto.party']);
  });
});

describe('ids', () => {
  const ids = { dialog: (id: string) => ({ id }) };
  const places: [place: string, body: (id: string) => object, key: string][] = [
    ['a dialog', ids.dialog, 'dto.id'],
    ['an attachment', (id) => ({ attachments: [{ ...attachment, id }] }), 'dto.attachments[0].id'],
    ['a url', (id) => ({ attachments: [{ urls: [{ ...attachmentUrl, id }] }] }), 'dto.attachments[0].urls[0].id'],
    ['a GUI action', (id) => ({ guiActions: [{ ...guiAction, id }] }), 'dto.guiActions[0].id'],
    ['an API action', (id) => ({ apiActions: [{ ...apiAction, id }] }), 'dto.apiActions[0].id'],
    ['a transmission', (id) => ({ transmissions: [{ ...transmission, id }] }), 'dto.transmissions[0].id'],
    [
      'an attachment of a transmission',
      (id) => ({ transmissions: [{ ...transmission, attachments: [{ ...attachment, id }] }] }),
      'dto.transmissions[0].attachments[0].id',
    ],
    ['an activity', (id) => ({ activities: [{ ...activity, id }] }), 'dto.activities[0].id'],
  ];

  it.each(places)('of %s are of version 7 and not of the future', (_, body, key) => {
    expect(keysWith(body(pastId))).toEqual([]);
    expect(keysWith(body(idAt('2026-11-22T10:00:14.999Z', 1)))).toEqual([]);
    expect(keysWith(body(idAt('2026-11-22T10:00:15Z', 1)))).toEqual([key]);
    expect(keysWith(body(futureId))).toEqual([key]);
    expect(keysWith(body(v4))).toEqual([key]);
    expect(keysWith(body(pastId.replace('-8000-', '-c000-')))).toEqual([key]);
  });

  it('of endpoints may be any', () => {
    expect(keysWith({ apiActions: [{ ...apiAction, endpoints: [{ ...endpoint, id: v4 }] }] })).toEqual([]);
  });

  const lists: [list: string, body: (ids: string[]) => object, key: string][] = [
    ['attachments', (of) => ({ attachments: of.map((id) => ({ ...attachment, id })) }), 'dto.attachments'],
    [
      'urls',
      (of) => ({ attachments: [{ urls: of.map((id) => ({ ...attachmentUrl, id })) }] }),
      'dto.attachments[0].urls',
    ],
    ['GUI actions', (of) => ({ guiActions: of.map((id) => ({ ...guiAction, priority: 3, id })) }), 'dto.guiActions'],
    ['API actions', (of) => ({ apiActions: of.map((id) => ({ ...apiAction, id })) }), 'dto.apiActions'],
    ['transmissions', (of) => ({ transmissions: of.map((id) => ({ ...transmission, id })) }), 'dto.transmissions'],
    [
      'attachments of a transmission',
      (of) => ({ transmissions: [{ ...transmission, attachments: of.map((id) => ({ ...attachment, id })) }] }),
      'dto.transmissions[0].attachments',
    ],
    ['activities', (of) => ({ activities: of.map((id) => ({ ...activity, id })) }), 'dto.activities'],
  ];

  it.each(lists)('of %s differ', (_, body, key) => {
    expect(keysWith(body([pastId, otherPastId]))).toEqual([]);
    expect(keysWith(body([pastId.toUpperCase(), otherPastId, pastId]))).toEqual([key]);
  });
});

describe('times', () => {
  it.each([
    ['created now and a little ahead', { createdAt: '2026-11-22T10:00:15Z' }, []],
    ['created in the future', { createdAt: '2026-11-22T10:00:15.000001Z' }, ['dto.createdAt']],
    [
      'updated in the future',
      { createdAt: '2026-11-22T10:00:00Z', updatedAt: '2026-11-22T10:00:16Z' },
      ['dto.updatedAt'],
    ],
    ['updated, not created', { updatedAt: '2026-11-22T09:00:00Z' }, ['dto.createdAt']],
    ['updated when created', { createdAt: '2026-11-22T09:00:00Z', updatedAt: '2026-11-22T10:00:00+01:00' }, []],
    [
      'updated before created',
      { createdAt: '2026-11-22T09:00:00Z', updatedAt: '2026-11-22T08:59:59Z' },
      ['dto.updatedAt'],
    ],
    ['expires before due', { dueAt: '2027-02-01T00:00:00Z', expiresAt: '2027-01-31T00:00:00Z' }, ['dto.expiresAt']],
    ['expires when due', { dueAt: '2027-02-01T00:00:00Z', expiresAt: '2027-02-01T00:00:00Z' }, []],
    [
      'expires before visible',
      { visibleFrom: '2027-02-01T00:00:00Z', expiresAt: '2027-01-31T00:00:00Z' },
      ['dto.expiresAt'],
    ],
    ['due before visible', { visibleFrom: '2027-02-01T00:00:00Z', dueAt: '2027-01-31T00:00:00Z' }, ['dto.dueAt']],
    ['due when visible', { visibleFrom: '2027-02-01T00:00:00Z', dueAt: '2027-02-01T00:00:00Z' }, []],
    [
      'in the past, which is no rule of the body',
      { dueAt: '2020-01-01T00:00:00Z', expiresAt: '2020-01-01T00:00:00Z' },
      [],
    ],
    [
      'an attachment that has expired',
      { attachments: [{ ...attachment, expiresAt: '2026-11-22T09:59:59Z' }] },
      ['dto.attachments[0].expiresAt'],
    ],
    ['an attachment that expires now', { attachments: [{ ...attachment, expiresAt: now }] }, []],
  ])('%s', (_, change, keys) => {
    expect(keysWith(change)).toEqual(keys);
  });

  it('may be due before visible for an admin, not expire', () => {
    const admin = { ...noRights, admin: true };
    expect(keysWith({ visibleFrom: '2027-02-01T00:00:00Z', dueAt: '2027-01-31T00:00:00Z' }, admin)).toEqual([]);
    expect(keysWith({ visibleFrom: '2027-02-01T00:00:00Z', expiresAt: '2027-01-31T00:00:00Z' }, admin)).toEqual([
      'dto.expiresAt',
    ]);
  });
});

describe('tags and labels', () => {
  const labels = (...values: string[]) => ({
    serviceOwnerContext: { serviceOwnerLabels: values.map((value) => ({ value })) },
  });
  const tags = (...values: string[]) => ({ searchTags: values.map((value) => ({ value })) });
  const many = (count: number) => Array.from({ length: count }, (_, index) => `label-${index}`);

  it.each([
    ['a tag', tags('abc', 'a'.repeat(63)), []],
    ['a short tag', tags(' ab '), ['dto.searchTags[0].value']],
    ['a long tag', tags('a'.repeat(64)), ['dto.searchTags[0].value']],
    ['two tags that differ in casing only', tags('abc', ' ABC'), ['dto.searchTags']],
    ['many tags', tags(...many(100)), []],
    ['a label', labels('abc', 'a'.repeat(255)), []],
    ['a blank label', labels('    '), ['dto.serviceOwnerContext.serviceOwnerLabels[0].value']],
    ['a long label', labels('a'.repeat(256)), ['dto.serviceOwnerContext.serviceOwnerLabels[0].value']],
    ['two labels that differ in casing only', labels('abc', 'ABC'), ['dto.serviceOwnerContext.serviceOwnerLabels']],
    ['20 labels', labels(...many(20)), []],
    ['21 labels', labels(...many(21)), ['dto.serviceOwnerContext.serviceOwnerLabels']],
  ])('%s', (_, change, keys) => {
    expect(keysWith(change)).toEqual(keys);
  });
});

describe('what refers to transmissions', () => {
  const related = (id: string, to: string) => ({ ...transmission, id, relatedTransmissionId: to });
  const opened = (transmissionId: string) => ({
    type: 'TransmissionOpened',
    performedBy: serviceOwner,
    transmissionId,
  });

  it.each([
    [
      'a transmission after itself',
      { transmissions: [related(otherPastId, pastId), { ...transmission, id: pastId }] },
      [],
    ],
    ['a transmission that is not there', { transmissions: [related(otherPastId, pastId)] }, ['dto.transmissions[0]']],
    [
      'the transmission itself',
      { transmissions: [related(pastId, pastId)] },
      ['dto.transmissions[0].relatedTransmissionId'],
    ],
    ['an opened transmission', { transmissions: [{ ...transmission, id: pastId }], activities: [opened(pastId)] }, []],
    ['an opened one that is not there', { activities: [opened(pastId)] }, ['dto.activities[0]']],
  ])('%s', (_, change, keys) => {
    expect(keysWith(change)).toEqual(keys);
  });
});

it('needs content unless only programs use the dialog', () => {
  const bare = { ...transmission, content: undefined };
  expect(keysWith({ content: null })).toEqual(['dto.content']);
  expect(keysWith({ content: null, isApiOnly: true })).toEqual([]);
  expect(keysWith({ content: {}, isApiOnly: true })).toEqual(['dto.content']);
  expect(keysWith({ transmissions: [bare] })).toEqual(['dto.transmissions[0].content']);
  expect(keysWith({ transmissions: [bare], isApiOnly: true })).toEqual([]);
  expect(keysWith({ transmissions: [{ ...bare, content: {} }], isApiOnly: true })).toEqual([
    'dto.transmissions[0].content',
  ]);
  expect(keysWith({ content })).toEqual([]);
});
