import { describe, expect, it } from 'vitest';
import {
  activity,
  apiAction,
  attachment,
  attachmentUrl,
  dialog,
  endpoint,
  guiAction,
  keysOf,
  navigationalAction,
  noRights,
  now,
  ordinary,
  pastId,
  person,
  readValue,
  serviceOwner,
  texts,
  transmission,
} from './testing/bodies.ts';
import { validateCreateDialog } from './validate.ts';

/** What a part of a dialog is refused for, by the paths inside it. */
function pathsOf(list: string, part: object, rights = noRights): string[] {
  const keys = keysOf(validateCreateDialog({ ...dialog, [list]: [part] }, { now, rights }));
  return keys.map((key) => key.replace(`dto.${list}[0].`, ''));
}

const long = 'a'.repeat(256);
const longUrl = `https://example.com/${'a'.repeat(1004)}`;
const longUri = `urn:a:${'b'.repeat(1018)}`;

describe('an attachment', () => {
  const withUrl = (change: object) => ({ urls: [{ ...attachmentUrl, ...change }] });

  it.each([
    ['no urls', { urls: undefined }, ['urls']],
    ['an empty list of urls', { urls: [] }, ['urls']],
    ['a long display name', { displayName: texts(long) }, ['displayName[0].value']],
    [
      'a display name in an unknown language',
      { displayName: [{ languageCode: 'no', value: 'a' }] },
      ['displayName[0].languageCode'],
    ],
    ['a display name twice in one language', { displayName: [...texts('a'), ...texts('b')] }, ['displayName']],
    ['a long name', { name: long }, ['name']],
    ['no name', { name: null, id: null, expiresAt: null }, []],
    ['a url without TLS', withUrl({ url: 'http://example.com' }), ['urls[0].url']],
    ['no url', withUrl({ url: undefined }), ['urls[0].url']],
    ['a long url', withUrl({ url: longUrl }), ['urls[0].url']],
    ['a long media type', withUrl({ mediaType: long }), ['urls[0].mediaType']],
    ['any media type', withUrl({ mediaType: 'no media type' }), []],
    ['no consumer', withUrl({ consumerType: undefined }), ['urls[0].consumerType']],
    ['an unknown consumer', withUrl({ consumerType: 3 }), ['urls[0].consumerType']],
  ])('with %s', (_, change, paths) => {
    expect(pathsOf('attachments', { ...attachment, ...change })).toEqual(paths);
  });

  it('of a transmission follows the same rules', () => {
    const broken = { displayName: texts(long), urls: [{ url: 'http://a/', consumerType: 3 }] };
    expect(pathsOf('transmissions', { ...transmission, attachments: [broken] })).toEqual([
      'attachments[0].displayName[0].value',
      'attachments[0].urls[0].consumerType',
      'attachments[0].urls[0].url',
    ]);
  });
});

describe('a GUI action', () => {
  it.each([
    ['no action', { action: undefined }, ['action']],
    ['a blank action', { action: ' ' }, ['action']],
    ['a long action', { action: long }, ['action']],
    ['a url without TLS', { url: 'http://example.com' }, ['url']],
    ['the method DELETE', { httpMethod: 'delete' }, []],
    ['the method POST', { httpMethod: 2 }, []],
    ['the method PUT', { httpMethod: 'PUT' }, ['httpMethod']],
    ['no priority', { priority: undefined }, ['priority']],
    ['priority 4', { priority: 4 }, ['priority']],
    ['no title', { title: undefined }, ['title']],
    ['an empty title', { title: [] }, ['title']],
    ['a long title', { title: texts('a', long) }, ['title[1].value']],
    ['a long prompt', { prompt: texts(long) }, ['prompt[0].value']],
    ['a prompt twice in one language', { prompt: [...texts('a'), ...texts('b')] }, ['prompt']],
  ])('with %s', (_, change, paths) => {
    expect(pathsOf('guiActions', { ...guiAction, ...change })).toEqual(paths);
  });

  it.each([
    ['urn:altinn:subresource:attachment-1', true],
    ['urn:altinn:resource:other-service', true],
    ['URN:Altinn:Task:Step_2', true],
    ['step2', true],
    ['', false],
    ['2step', false],
    ['urn:altinn:a:b:c', false],
    ['urn:altinn:a:', false],
    ['a b', false],
    ['urn:other:x:y', false],
    ['a\n', false],
    ['a'.repeat(255), true],
    [long, false],
  ])('with the authorization attribute %j: %s', (authorizationAttribute, isValid) => {
    const paths = isValid ? [] : ['authorizationAttribute'];
    expect(pathsOf('guiActions', { ...guiAction, authorizationAttribute })).toEqual(paths);
    expect(pathsOf('apiActions', { ...apiAction, authorizationAttribute })).toEqual(paths);
    expect(pathsOf('transmissions', { ...transmission, authorizationAttribute })).toEqual(paths);
  });

  it.each([
    ['Primary', 1],
    ['Secondary', 1],
    ['Tertiary', 5],
  ])('is one of few: %s at most %i', (priority, max) => {
    const actions = (count: number) => Array.from({ length: count }, () => ({ ...guiAction, priority }));
    expect(keysOf(validateCreateDialog({ ...dialog, guiActions: actions(max) }, ordinary))).toEqual([]);
    expect(keysOf(validateCreateDialog({ ...dialog, guiActions: actions(max + 1) }, ordinary))).toEqual([
      'dto.guiActions',
    ]);
  });
});

describe('an API action', () => {
  const withEndpoint = (change: object) => ({ endpoints: [{ ...endpoint, ...change }] });

  it.each([
    ['a blank action', { action: '' }, ['action']],
    ['a long name', { name: long }, ['name']],
    ['no endpoints', { endpoints: [] }, ['endpoints']],
    ['a long version', withEndpoint({ version: long }), ['endpoints[0].version']],
    ['a url without TLS', withEndpoint({ url: 'http://example.com' }), ['endpoints[0].url']],
    ['no method', withEndpoint({ httpMethod: undefined }), ['endpoints[0].httpMethod']],
    ['the method TRACE', withEndpoint({ httpMethod: 'trace' }), []],
    [
      'a relative description',
      withEndpoint({ documentationUrl: 'docs', requestSchema: 'a.json', responseSchema: 'b.json' }),
      [],
    ],
    ['an address that is no URI', withEndpoint({ documentationUrl: 'a b' }), ['endpoints[0].documentationUrl']],
    ['a long address', withEndpoint({ requestSchema: longUri }), ['endpoints[0].requestSchema']],
    ['another that is no URI', withEndpoint({ responseSchema: '<a>' }), ['endpoints[0].responseSchema']],
    ['a sunset that has been', withEndpoint({ deprecated: true, sunsetAt: '2020-01-01T00:00:00Z' }), []],
    ['a sunset, not deprecated', withEndpoint({ sunsetAt: '2020-01-01T00:00:00Z' }), ['endpoints[0].deprecated']],
    ['deprecated without a sunset', withEndpoint({ deprecated: true }), []],
  ])('with %s', (_, change, paths) => {
    expect(pathsOf('apiActions', { ...apiAction, ...change })).toEqual(paths);
  });
});

describe('a transmission', () => {
  const withNavigation = (change: object) => ({ navigationalActions: [{ ...navigationalAction, ...change }] });

  it.each([
    ['a short key', { idempotentKey: 'ab' }, ['idempotentKey']],
    ['a long key', { idempotentKey: 'a'.repeat(37) }, ['idempotentKey']],
    ['a time a little ahead', { createdAt: '2026-11-22T10:00:15Z' }, []],
    ['a future time', { createdAt: '2026-11-22T10:00:16Z' }, ['createdAt']],
    ['the year 1', { createdAt: '0001-01-01T00:00:00Z' }, []],
    ['a long extended type', { extendedType: longUri }, ['extendedType']],
    ['an extended type that is no URI', { extendedType: 'a b' }, ['extendedType']],
    ['a long reference', { externalReference: long }, ['externalReference']],
    ['no type', { type: undefined }, ['type']],
    ['type 9', { type: 9 }, ['type']],
    ['no sender', { sender: undefined }, ['sender']],
    ['no title', { content: { summary: { value: texts('a') } } }, ['content']],
    ['a navigation without a title', withNavigation({ title: [] }), ['navigationalActions[0].title']],
    [
      'a navigation with a long title',
      withNavigation({ title: texts(long) }),
      ['navigationalActions[0].title[0].value'],
    ],
    ['a navigation without TLS', withNavigation({ url: 'http://a/' }), ['navigationalActions[0].url']],
    [
      'a navigation that has expired',
      withNavigation({ expiresAt: '2026-11-22T09:59:59Z' }),
      ['navigationalActions[0].expiresAt'],
    ],
    ['a navigation that expires now', withNavigation({ expiresAt: now }), []],
    [
      'an attachment that has expired',
      { attachments: [{ ...attachment, expiresAt: '2026-11-22T09:59:59Z' }] },
      ['attachments[0].expiresAt'],
    ],
  ])('with %s', (_, change, paths) => {
    expect(pathsOf('transmissions', { ...transmission, ...change })).toEqual(paths);
  });
});

describe('an actor', () => {
  it.each([
    ['the service owner', serviceOwner, []],
    ['a service owner with a name', { ...serviceOwner, actorName: 'Kari' }, ['sender']],
    ['a service owner with an id', { ...serviceOwner, actorId: person }, ['sender']],
    ['somebody with an id', { actorType: 1, actorId: person }, []],
    ['somebody with a name', { actorType: 'partyrepresentative', actorName: 'a'.repeat(255) }, []],
    ['somebody with both', { actorType: 1, actorId: person, actorName: 'Kari' }, ['sender']],
    ['somebody with neither', { actorType: 1, actorId: null, actorName: null }, ['sender']],
    ['somebody with a long name', { actorType: 1, actorName: long }, ['sender']],
    ['somebody with an id that is none', { actorType: 1, actorId: '01817030080' }, ['sender']],
    ['a system user', { actorType: 1, actorId: `urn:altinn:systemuser:uuid:${pastId}` }, ['sender']],
    ['nobody', { actorName: 'Kari' }, ['sender.actorType']],
    ['an actor of type 3', { actorType: 3 }, ['sender.actorType']],
  ])('%s', (_, sender, paths) => {
    expect(pathsOf('transmissions', { ...transmission, sender })).toEqual(paths);
  });

  it('has its id in lower case', () => {
    const body = {
      ...dialog,
      activities: [{ ...activity, performedBy: { actorType: 1, actorId: person.toUpperCase() } }],
    };
    expect(readValue(validateCreateDialog(body, ordinary)).activities[0]?.performedBy.actorId).toBe(person);
  });
});

describe('an activity', () => {
  const information = { type: 'Information', description: texts('a', 'b') };
  const correspondence = { ...noRights, correspondence: true };

  it.each([
    ['a future time', { createdAt: '2026-11-22T10:00:16Z' }, ['createdAt']],
    ['no time', { createdAt: null }, []],
    ['an extended type that is no URI', { extendedType: 'a b' }, ['extendedType']],
    ['no type', { type: undefined }, ['type']],
    ['nobody who did it', { performedBy: undefined }, ['performedBy']],
    ['information', information, []],
    ['information without a description', { type: 'Information' }, ['description']],
    ['information with an empty one', { type: 'Information', description: [] }, ['description']],
    ['information about a transmission', { ...information, transmissionId: pastId }, ['transmissionId']],
    ['a long description', { ...information, description: texts('a', long) }, ['description[1].value']],
    ['a description of something else', { description: texts('a') }, ['description']],
    ['an empty description of something else', { description: [] }, []],
    ['a transmission of something else', { transmissionId: pastId }, ['transmissionId']],
    ['an opened transmission that is not named', { type: 'TransmissionOpened' }, ['transmissionId']],
    ['an opened correspondence', { type: 'CorrespondenceOpened' }, []],
    ['an opened correspondence with a description', { type: 16, description: texts('a') }, ['description']],
  ])('with %s', (_, change, paths) => {
    expect(pathsOf('activities', { ...activity, ...change })).toEqual(paths);
  });

  it('has a longer description with the correspondence scope', () => {
    const of = (length: number) => ({ ...activity, type: 'Information', description: texts('a'.repeat(length)) });
    expect(pathsOf('activities', of(4095), correspondence)).toEqual([]);
    expect(pathsOf('activities', of(4096), correspondence)).toEqual(['description[0].value']);
  });
});
