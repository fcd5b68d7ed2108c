import { randomUUIDv7 } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/** Requests that no client library would send, as tables for the test of what becomes of them. */

export const dialogs = '/api/v1/serviceowner/dialogs';
export const serviceOwner = { actorType: 'ServiceOwner' };
const texts = (value: string) => [{ languageCode: 'nb', value }];
const content = { title: { value: texts('Byggesøknad') } };
export const dialog = {
  serviceResource: 'urn:altinn:resource:ttd-building-permit',
  party: 'urn:altinn:organization:identifier-no:313007103',
  content,
};
const bodyBytesMax = 20_000_000;
const megabyte = 'x'.repeat(1_000_000);

/** Bytes as they are; a list is sent chunk by chunk, without a length. */
export type Body = string | Buffer | readonly Buffer[];
export type Sent = { method?: string; path?: string; headers?: Record<string, string>; body?: Body };

const create = (members: object): Sent => ({ body: JSON.stringify({ ...dialog, ...members }) });
/** A member of a new dialog, as JSON that no serializer writes. */
const raw = (members: string): Sent => ({ body: `${JSON.stringify(dialog).slice(0, -1)},${members}}` });
const patch = (operations: unknown): Sent => ({
  method: 'PATCH',
  path: `${dialogs}/TARGET`,
  body: JSON.stringify(operations),
});
const rawPatch = (value: string): Sent => ({
  ...patch([]),
  body: `[{"op":"replace","path":"/externalReference","value":"stored"},{"op":"add","path":"/progress","value":${value}}]`,
});
/** An operation after one that could be applied. */
const patchAfter = (operation: object): Sent =>
  patch([{ op: 'replace', path: '/externalReference', value: 'stored' }, operation]);
export const at = (path: string): Sent => ({
  method: 'PATCH',
  path,
  body: '[{"op":"replace","path":"/progress","value":1}]',
});
const withHeader = (name: string, value: string): Sent => ({
  ...patch([{ op: 'replace', path: '/progress', value: 1 }]),
  headers: { [name]: value },
});
const idAt = (index: number) => `019c0000-0000-7000-8000-${String(index).padStart(12, '0')}`;
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const nestedObjects = (depth: number) => `${'{"content":'.repeat(depth)}null${'}'.repeat(depth)}`;
const many = <Item>(count: number, item: (index: number) => Item) =>
  Array.from({ length: count }, (_, index) => item(index));
const guiAction = { action: 'read', url: 'https://ttd.example', priority: 'Tertiary', title: texts('Les') };
const attachmentUrl = { url: 'https://ttd.example', consumerType: 'Gui' };
const utf16 = (json: string) => Buffer.from(`\uFEFF${json}`, 'utf16le');

/** What is sent, with the status of the answer and, if it names one, a key of its errors. */
export const refused: [what: string, sent: Sent, status: number, key?: string][] = [
  ['JSON that ends too soon', { body: '{"party":' }, 400, 'SerializerErrors'],
  ['a trailing comma', { body: '{"party":"x",}' }, 400, 'SerializerErrors'],
  ['a comment', { body: '/* x */ {}' }, 400, 'SerializerErrors'],
  ['two values', { body: '{} {}' }, 400, 'SerializerErrors'],
  ['NaN', raw('"progress":NaN'), 400, 'SerializerErrors'],
  ['no body', {}, 400, 'SerializerErrors'],
  ['null', { body: 'null' }, 400, 'SerializerErrors'],
  ['a text', { body: '"dialog"' }, 400, 'SerializerErrors'],
  ['a list', { body: '[]' }, 400, 'SerializerErrors'],
  ['bytes that are no UTF-8', { body: Buffer.from([0x22, 0xff, 0xfe, 0x22]) }, 400, 'SerializerErrors'],
  ['UTF-16', { body: utf16(JSON.stringify(dialog)) }, 400, 'SerializerErrors'],
  ['UTF-16 that says so', { ...create({}), headers: { 'Content-Type': 'application/json; charset=utf-16' } }, 415],
  ['a compressed body', { body: gzipSync(JSON.stringify(dialog)), headers: { 'Content-Encoding': 'gzip' } }, 415],
  ['a compressed body that does not say so', { body: gzipSync(JSON.stringify(dialog)) }, 400, 'SerializerErrors'],
  ['another type', { ...create({}), headers: { 'Content-Type': 'text/plain' } }, 415],
  ['a form', { body: 'party=x', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }, 415],
  ['a patch of another type', { ...patch([]), headers: { 'Content-Type': 'application/merge-patch+json' } }, 415],
  ['a large body', { body: Buffer.alloc(bodyBytesMax + 1, ' ') }, 413],
  ['a large body in chunks', { body: many(21, () => Buffer.alloc(1_000_000, ' ')) }, 413],
  ['a large body of blanks that is allowed', { body: Buffer.alloc(bodyBytesMax, ' ') }, 400, 'SerializerErrors'],

  ['the character U+0000', create({ externalReference: 'a\0b' }), 400, 'externalReference'],
  ['half a character', raw('"externalReference":"\\ud800"'), 400, 'externalReference'],
  ['half a character in a list', create({ searchTags: [{ value: 'tag\udc00' }] }), 400, 'searchTags[0].value'],
  ['a large text', create({ externalReference: megabyte }), 400, 'dto.externalReference'],
  ['a large URL', create({ process: `https://${megabyte}.example` }), 400, 'dto.process'],
  ['a large party', create({ party: `urn:altinn:person:idporten-email:${megabyte}@a.no` }), 400, 'dto.party'],
  [
    'a large language code',
    create({ content: { title: { value: [{ languageCode: megabyte, value: 'x' }] } } }),
    400,
    'dto.content.title.value[0].languageCode',
  ],
  ['a large enumeration', create({ status: megabyte }), 400, 'status'],
  [
    'a large media type',
    create({ content: { title: { mediaType: megabyte, value: texts('x') } } }),
    400,
    'dto.content.title.mediaType',
  ],
  [
    'a large attribute',
    create({ apiActions: [{ action: 'x', authorizationAttribute: `${'a'.repeat(999_999)} `, endpoints: [] }] }),
    400,
    'dto.apiActions[0].authorizationAttribute',
  ],
  ['10,000 actions', create({ guiActions: many(10_000, () => guiAction) }), 400, 'dto.guiActions'],
  ['10,000 times the same tag', create({ searchTags: many(10_000, () => ({ value: 'tag' })) }), 400, 'dto.searchTags'],
  [
    '10,000 texts in one language',
    create({ content: { title: { value: many(10_000, () => texts('x')[0]) } } }),
    400,
    'dto.content.title.value',
  ],
  ['a million items that are nothing', raw(`"attachments":[${many(1_000_000, () => '{}').join()}]`), 400],
  ['a million numbers', raw(`"activities":[${many(1_000_000, () => '1').join()}]`), 400],
  [
    '10,000 transmissions in a chain',
    create({
      transmissions: many(10_000, (index) => ({
        ...{ id: idAt(index), relatedTransmissionId: index === 0 ? null : idAt(index - 1) },
        ...{ type: 'Information', sender: serviceOwner, content },
      })),
    }),
    422,
    'Transmissions',
  ],
  [
    '10,000 references to resources of others',
    create({
      apiActions: many(10_000, (index) => ({
        ...{ action: 'x', authorizationAttribute: `urn:altinn:resource:${'a'.repeat(200)}-${index}` },
        endpoints: [{ url: 'https://ttd.example', httpMethod: 'GET' }],
      })),
    }),
    403,
    'Forbidden',
  ],
  [
    '10,000 ids that repeat',
    create({ attachments: many(10_000, (index) => ({ id: idAt(index % 5_000), urls: [attachmentUrl] })) }),
    400,
    'dto.attachments',
  ],
  ['lists in lists in lists', { body: nested(1_000_000) }, 400, 'SerializerErrors'],
  ['such lists for content', raw(`"content":${nested(1_000_000)}`), 400, 'content'],
  ['objects in objects', raw(`"content":${nestedObjects(500_000)}`), 400, 'dto.content'],

  ['a member twice, the last one wrong', raw('"status":"Draft","status":"Nonsense"'), 400, 'status'],
  ['a member in two casings, the last one wrong', raw('"status":"Draft","STATUS":"Nonsense"'), 400, 'status'],
  ['a number without end', raw('"progress":1e400'), 400, 'progress'],
  ['a huge integer', raw('"progress":123456789012345678901234567890'), 400, 'progress'],
  ['a fraction', raw('"progress":1.5'), 400, 'progress'],
  ['a huge number for an enumeration', raw('"status":1e300'), 400],
  ['a huge number of digits for one', raw(`"status":"${'9'.repeat(1_000_000)}"`), 400],
  ['the year 0', create({ dueAt: '0000-01-01T00:00:00Z' }), 400, 'dueAt'],
  ['the year 10000', create({ dueAt: '10000-01-01T00:00:00Z' }), 400, 'dueAt'],
  ['an offset into the year 10000', create({ dueAt: '9999-12-31T23:59:59-14:00' }), 400, 'dueAt'],
  ['an offset into the year 0', create({ dueAt: '0001-01-01T00:00:00+14:00' }), 400, 'dueAt'],
  ['an offset that no clock has', create({ dueAt: '2030-01-01T00:00:00+99:99' }), 400, 'dueAt'],
  ['no offset', create({ dueAt: '2030-01-01T00:00:00' }), 400, 'dueAt'],
  ['30 February', create({ dueAt: '2030-02-30T00:00:00Z' }), 400, 'dueAt'],
  ['an id of a far future', create({ id: 'ffffffff-ffff-7fff-bfff-ffffffffffff' }), 400, 'dto.id'],
  ['an id in braces', create({ id: `{${randomUUIDv7()}}` }), 400, 'id'],

  ['a patch that is an object', patch({}), 400, 'SerializerErrors'],
  [
    'a patch that points nowhere',
    patchAfter({ op: 'replace', path: '/nowhere/at/all', value: 1 }),
    400,
    'UpdateDialogDto',
  ],
  ['a patch of what cannot change', patchAfter({ op: 'add', path: '/party', value: 'x' }), 400, 'UpdateDialogDto'],
  ...['__proto__', 'constructor', 'prototype', 'toString', 'constructor/prototype'].flatMap((name): typeof refused => [
    [`a patch of ${name}`, patchAfter({ op: 'add', path: `/${name}`, value: { polluted: 1 } }), 400, 'UpdateDialogDto'],
    [`a patch below ${name}`, patchAfter({ op: 'add', path: `/${name}/x`, value: 1 }), 400, 'UpdateDialogDto'],
    [
      `a patch of ${name} deep inside`,
      patchAfter({ op: 'add', path: `/content/title/${name}`, value: 1 }),
      400,
      'UpdateDialogDto',
    ],
  ]),
  ['a patch to nothing', rawPatch('1e400'), 400],
  ['a patch with half a character', rawPatch('"\\udfff"'), 400],
  ['a patch with the character U+0000', rawPatch('{"x":["\\u0000"]}'), 400],
  ['a patch with a value that is nested deeply', rawPatch(nested(100_000)), 400],
  ['a patch of 100,000 operations', patch(many(100_000, () => ({ op: 'test', path: '/progress', value: null }))), 400],
  [
    'a patch that copies its copies',
    patch([
      { op: 'add', path: '/attachments/-', value: { urls: [{ url: 'https://ttd.example', consumerType: 'Gui' }] } },
      ...many(40, () => ({ op: 'copy', from: '/attachments', path: '/attachments/-' })),
    ]),
    400,
    'UpdateDialogDto',
  ],
  [
    'a patch with a pointer of a megabyte',
    patchAfter({ op: 'remove', path: '/content'.repeat(125_000) }),
    400,
    'UpdateDialogDto',
  ],
  [
    'a patch with a huge index',
    patchAfter({ op: 'add', path: '/searchTags/4294967296', value: { value: 'tag' } }),
    400,
    'UpdateDialogDto',
  ],

  ['a list of revisions', withHeader('If-Match', `"${randomUUIDv7()}", "${randomUUIDv7()}"`), 400, 'If-Match'],
  ['any revision', withHeader('If-Match', '*'), 400, 'If-Match'],
  ['a weak revision', withHeader('If-Match', `W/"${randomUUIDv7()}"`), 400, 'If-Match'],
  ['no revision', withHeader('If-Match', ''), 400, 'If-Match'],
  ['an id in the path that is none', at(`${dialogs}/1`), 400, 'dialogId'],
  ['an id without hyphens', at(`${dialogs}/${randomUUIDv7().replaceAll('-', '')}`), 400, 'dialogId'],
  ['an id in braces, encoded', at(`${dialogs}/%7B${randomUUIDv7()}%7D`), 400, 'dialogId'],
  ['an id and U+0000', at(`${dialogs}/${randomUUIDv7()}%00`), 400, 'dialogId'],
  ['an id and a slash, encoded', at(`${dialogs}/${randomUUIDv7()}%2Fx`), 400, 'dialogId'],
  ['an encoding that is none', at(`${dialogs}/%zz`), 400, 'dialogId'],
  ['bytes in the path that are no UTF-8', at(`${dialogs}/%ff%fe`), 400, 'dialogId'],
  ['an id of no known version', at(`${dialogs}/ffffffff-ffff-ffff-ffff-ffffffffffff`), 404, 'DialogEntity'],
  ['a flag that is none', at(`${dialogs}/TARGET?isSilentUpdate=maybe`), 400, 'isSilentUpdate'],
  ['an end user that is none', at(`${dialogs}/TARGET?ENDUSERID=urn:altinn:person:identifier-no:1`), 400, 'EndUserId'],
];

/** A search or look-up, with this in its query. */
const query = (path: string, parameters: string): Sent => ({ method: 'GET', path: `${path}?${parameters}` });
const labels: Sent = { path: `${dialogs}/TARGET/context/labels` };
const systemLabels: Sent = { method: 'PUT', path: `${dialogs}/TARGET/endusercontext/systemlabels` };
const bulkset: Sent = { path: `${dialogs}/endusercontext/systemlabels/actions/bulkset` };
const lookup = '/api/v1/serviceowner/dialoglookup';
const party = `party=${dialog.party}`;
const byKari = { performedBy: { actorType: 'PartyRepresentative', actorName: 'Kari' } };

/** As {@link refused}, of requests that take the scopes for searching and of administrators. */
export const refusedElsewhere: typeof refused = [
  ['a label with U+0000', { ...labels, body: '{"value":"case\\u0000"}' }, 400],
  ['a label of half a character', { ...labels, body: '{"value":"case\\ud800"}' }, 400],
  ['a label of a megabyte', { ...labels, body: JSON.stringify({ value: megabyte }) }, 400, 'dto.value'],
  ['U+0000 in the path of a label', { method: 'DELETE', path: `${labels.path}/a%00b` }, 400],
  ['a label in the path that is too long', { method: 'DELETE', path: `${labels.path}/${'x'.repeat(5_000)}` }, 400],
  ['a label in the path that is not there', { method: 'DELETE', path: `${labels.path}/%ff` }, 404],
  [
    'a system label that is none',
    { ...systemLabels, body: JSON.stringify({ addLabels: ['__proto__'], ...byKari }) },
    400,
  ],
  [
    'a name with U+0000',
    { ...systemLabels, body: '{"addLabels":["Bin"],"performedBy":{"actorType":1,"actorName":"a\\u0000"}}' },
    400,
  ],
  [
    '10,000 dialogs',
    { ...bulkset, body: JSON.stringify({ dialogs: many(10_000, () => ({ dialogId: randomUUIDv7() })), ...byKari }) },
    400,
    'dto.dialogs',
  ],
  [
    'dialogs that are no UUIDs',
    { ...bulkset, body: JSON.stringify({ dialogs: [{ dialogId: megabyte }], ...byKari }) },
    400,
  ],
  ...[
    ...[
      'serviceResource',
      'externalReference',
      'extendedStatus',
      'process',
      'serviceOwnerLabels',
      'orderBy',
      'continuationToken',
    ],
    ...[
      'party',
      'status',
      'systemLabel',
      'deleted',
      'createdAfter',
      'limit',
      'isContentSeen',
      'search',
      'endUserId',
      'searchLanguageCode',
    ],
  ].map((name): (typeof refused)[number] => [
    `a search with U+0000 in ${name}`,
    query(dialogs, `${name}=abc%00d`),
    400,
  ]),
  ['a search from the year 0', query(dialogs, 'createdAfter=0000-01-01T00:00:00Z'), 400, 'createdAfter'],
  ['a search after the year 9999', query(dialogs, 'dueBefore=9999-12-31T23:59:59-14:00'), 400, 'dueBefore'],
  ['a search for more than there can be', query(dialogs, 'limit=1e3'), 400, 'limit'],
  ['a search for a huge number', query(dialogs, `limit=${'9'.repeat(400)}`), 400, 'limit'],
  ['a search in 5,000 orders', query(dialogs, `orderBy=${'id,'.repeat(5_000)}id`), 400, 'orderBy'],
  ['a search behind what is no token', query(dialogs, 'continuationToken=__proto__'), 400, 'continuationToken'],
  [
    'a search behind a huge time',
    query(dialogs, 'continuationToken=contentupdatedat_9999-99-99T00:00:00Z,id_1'),
    400,
    'continuationToken',
  ],
  ['a search for parties that are no list', query(dialogs, `party=${encodeURIComponent('["a",{"b":1}]')}`), 400],
  [
    'a search of contexts behind what is no token',
    query(`${dialogs}/endusercontext`, `${party}&continuationToken=%00`),
    400,
  ],
  ['a look-up of U+0000', query(lookup, 'instanceRef=urn:altinn:instance-id:1/%00'), 400, 'InstanceRef'],
  [
    'a look-up of a huge party id',
    query(lookup, `instanceRef=urn:altinn:instance-id:${'9'.repeat(5_000)}/${randomUUIDv7()}`),
    400,
    'InstanceRef',
  ],
];

/** What is sent, and what the dialog is that comes of it. */
export const odd: [what: string, sent: Sent, expected: object][] = [
  ['a byte order mark', { body: `\uFEFF${JSON.stringify(dialog)}` }, {}],
  ['a charset', { ...create({}), headers: { 'Content-Type': 'Application/JSON; Charset="UTF-8"' } }, {}],
  [
    'chunks',
    { body: many(2, (half) => Buffer.from(JSON.stringify(dialog)).subarray(half * 40, half === 0 ? 40 : undefined)) },
    {},
  ],
  ['a member twice', raw('"status":"Nonsense","status":"Draft"'), { status: 'Draft' }],
  ['names in other casings', { body: JSON.stringify(dialog).replace('"party"', '"PARTY"') }, { party: dialog.party }],
  [
    'members that nobody knows',
    raw(`"__proto__":{"status":"Draft"},"constructor":1,"x":${nested(100_000)}`),
    { status: 'NotApplicable' },
  ],
  ['minus zero', raw('"progress":-0'), { progress: 0 }],
  ['digits in a text', raw('"progress":"42"'), { progress: 42 }],
  [
    'the last second there is',
    create({ dueAt: '9999-12-31T23:59:59.9999999Z' }),
    { dueAt: '9999-12-31T23:59:59.9999990Z' },
  ],
  ['10,000 tags', create({ searchTags: many(10_000, (index) => ({ value: `tag ${index}` })) }), {}],
  [
    'text of all planes',
    create({ externalReference: '\u0001 \u007f ﷽ 🙈 \u{10ffff}' }),
    { externalReference: '\u0001 \u007f ﷽ 🙈 \u{10ffff}' },
  ],
];
