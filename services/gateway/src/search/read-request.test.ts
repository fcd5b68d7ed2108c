import { describe, expect, it } from 'vitest';
import {
  readEndUserContextRequest,
  readEndUserSearchRequest,
  readPartyFilter,
  readSearchRequest,
} from './read-request.ts';

const kari = 'urn:altinn:person:identifier-no:01817030080';
const party = 'urn:altinn:organization:identifier-no:313007103';
const resource = 'urn:altinn:resource:ttd-building-permit';

type Query = [string, string][] | Record<string, string>;

function url(query: Query): string {
  return `https://dialogs.example/api/v1/serviceowner/dialogs?${new URLSearchParams(query)}`;
}

function read(query: Query, endUserId: string | null = null) {
  return readSearchRequest(url(query), { org: 'ttd', endUserId });
}

function errorKeys(query: Query, endUserId: string | null = null): string[] {
  const request = read(query, endUserId);
  return request.ok ? [] : Object.keys(request.errors);
}

function many(name: string, count: number, value: (index: number) => string): [string, string][] {
  return Array.from({ length: count }, (_, index) => [name, value(index)]);
}

describe('a search', () => {
  it('without parameters is for everything that is not deleted, in pages of 100', () => {
    expect(read({})).toMatchObject({
      ok: true,
      value: { page: { filter: { orgs: ['ttd'], deleted: 'Exclude', parties: [] }, after: null, limit: 100 } },
    });
  });

  it('reads values in the form in which they are stored', () => {
    const forEndUser = read({ party: party.toUpperCase(), search: ' to  ord ', searchLanguageCode: 'nn_NO' }, kari);
    expect(forEndUser).toMatchObject({
      value: { page: { filter: { parties: [party], freeTexts: [{ words: ['to', 'ord'], languageCode: 'nn' }] } } },
    });
    const own = read({
      serviceResource: resource.toUpperCase(),
      process: 'HTTPS://A.no',
      serviceOwnerLabels: 'Case:1*',
    });
    expect(own).toMatchObject({
      value: {
        page: {
          filter: {
            ...{ serviceResources: [resource], process: 'https://a.no/' },
            serviceOwnerLabels: [{ text: 'case:1', isPrefix: true }],
          },
        },
      },
    });
  });

  it.each<[string, Query, string]>([
    [
      'a party that is none',
      [
        ['party', party],
        ['party', 'x'],
      ],
      'party[1]',
    ],
    ['too many resources', many('serviceResource', 21, (i) => `urn:altinn:resource:r${i}`), 'serviceResource.Count'],
    ['too many extended statuses', many('extendedStatus', 21, (i) => `s${i}`), 'extendedStatus.Count'],
    ['an unknown status', { status: 'Sent' }, 'status'],
    ['an unknown label', { systemLabel: 'Inbox' }, 'systemLabel'],
    ['an unknown filter of deleted ones', { deleted: 'yes' }, 'deleted'],
    ['a time without offset', { createdAfter: '2026-01-01T00:00:00' }, 'createdAfter'],
    ...(['created', 'updated', 'contentUpdated', 'due', 'visible'] as const).map((name): [string, Query, string] => [
      `${name}After later than ${name}Before`,
      { [`${name}After`]: '2026-01-01T00:00:00.000001Z', [`${name}Before`]: '2026-01-01T00:00:00Z' },
      `${name}After`,
    ]),
    ['a process that is no URI', { process: 'a b' }, 'process'],
    ['a process that is too long', { process: `urn:${'x'.repeat(1020)}` }, 'process'],
    ['a search without an end user', { search: 'skatt' }, 'search'],
    ['an unknown language', { searchLanguageCode: 'no' }, 'searchLanguageCode'],
    ['a short label', { serviceOwnerLabels: 'ab' }, 'serviceOwnerLabels[0]'],
    ['a long label', { serviceOwnerLabels: 'x'.repeat(256) }, 'serviceOwnerLabels[0]'],
    [
      'a misplaced wildcard',
      [
        ['serviceOwnerLabels', 'abc'],
        ['serviceOwnerLabels', 'a*c'],
      ],
      'serviceOwnerLabels[1]',
    ],
    ['two wildcards', { serviceOwnerLabels: 'abc**' }, 'serviceOwnerLabels[0]'],
    ['an order that is none', { orderBy: 'status' }, 'orderBy'],
    ['a token that is none', { continuationToken: 'x' }, 'continuationToken'],
    ['a page of nothing', { limit: '0' }, 'limit'],
    ['a page of too much', { limit: '1001' }, 'limit'],
  ])('with %s is refused', (_, query, key) => {
    expect(errorKeys(query)).toEqual([key]);
  });

  it('is told everything that is wrong with it at once', () => {
    const query = { party: 'x', status: 'x', createdAfter: 'x', orderBy: 'x', continuationToken: 'x', limit: 'x' };
    expect(errorKeys(query)).toEqual(['party[0]', 'status', 'createdAfter', 'orderBy', 'limit']);
  });

  it('is refused a token that lacks a key of its order', () => {
    const continuationToken = 'contentupdatedat_2026-02-11T09:30:00Z,id_019c4f3e-8b1a-7d20-a5c1-0b9e8d7f6a54';
    expect(errorKeys({ continuationToken })).toEqual([]);
    expect(errorKeys({ continuationToken, orderBy: 'id_asc' })).toEqual([]);
    expect(errorKeys({ continuationToken, orderBy: 'createdAt' })).toEqual(['continuationToken']);
  });

  it('may have as many values as are allowed, and more parties on behalf of an end user', () => {
    const parties = many('party', 21, (index) => `urn:altinn:person:idporten-email:a${index}@b.no`);
    expect(errorKeys(parties)).toEqual(['party.Count']);
    expect(errorKeys(parties, kari)).toEqual([]);
    expect(errorKeys(many('extendedStatus', 20, (index) => `s${index}`))).toEqual([]);
    const more = many('party', 101, (index) => `urn:altinn:person:idporten-email:a${index}@b.no`);
    expect(errorKeys(more, kari)).toEqual(['party.Count']);
  });

  it('on behalf of an end user needs a party or a resource', () => {
    expect(errorKeys({}, kari)).toEqual(['endUserId']);
    expect(errorKeys({ party }, kari)).toEqual([]);
    expect(errorKeys({ serviceResource: resource }, kari)).toEqual([]);
    expect(errorKeys({ party, search: 'ab' }, kari)).toEqual(['search']);
  });
});

describe('a search for end-user contexts', () => {
  const keys = (query: Query) => {
    const request = readEndUserContextRequest(url(query), 'ttd');
    return request.ok ? [] : Object.keys(request.errors);
  };

  it('needs parties', () => {
    expect(keys({})).toEqual(['party']);
    expect(keys({ party: 'x' })).toEqual(['party[0]']);
    expect(keys(many('party', 21, (index) => `urn:altinn:person:idporten-email:a${index}@b.no`))).toEqual([
      'party.Count',
    ]);
    expect(keys({ party, label: 'x', contentUpdatedAfter: 'x', continuationToken: 'x', limit: '1001' })).toEqual([
      ...['contentUpdatedAfter', 'label', 'continuationToken', 'limit'],
    ]);
  });

  it('includes deleted dialogs, and any of the labels', () => {
    expect(
      readEndUserContextRequest(
        url([
          ['party', party],
          ['label', 'Bin'],
          ['label', '5'],
        ]),
        'ttd',
      ),
    ).toMatchObject({
      value: {
        page: {
          filter: { parties: [party], deleted: 'Include', systemLabels: { labels: ['Bin', 'Sent'], match: 'any' } },
        },
      },
    });
  });
});

describe('a search of an end user', () => {
  const read = (query: Query) => readEndUserSearchRequest(url(query));
  const keys = (query: Query) => {
    const request = read(query);
    return request.ok ? [] : Object.keys(request.errors);
  };

  it('is for dialogs of all organisations that are not deleted', () => {
    expect(read({ party, deleted: 'Only', visibleAfter: 'x', serviceOwnerLabels: '*' })).toMatchObject({
      ok: true,
      value: { page: { filter: { orgs: [], parties: [party], deleted: 'Exclude' }, limit: 100 } },
    });
  });

  it.each<[string, Query, string[]]>([
    ['neither party nor resource', { org: 'ttd' }, ['']],
    ['a party that is none', { party: 'x' }, ['party[0]']],
    ['a party in capitals', { party: party.toUpperCase() }, ['party[0]']],
    ['more than 20 resources', many('serviceResource', 21, (n) => `${resource}-${n}`), ['serviceResource.Count']],
    ['more than 20 organisations', [['party', party], ...many('org', 21, (n) => `o${n}`)], ['org.Count']],
    ['a text that is too short', { party, search: 'to' }, ['search']],
    ['a page that is too long', { party, limit: '1001' }, ['limit']],
    ['an order by nothing', { party, orderBy: '' }, ['orderBy']],
  ])('is refused with %s', (_, query, expected) => {
    expect(keys(query)).toEqual(expected);
  });

  it('reads its text as an end user means it', () => {
    expect(read({ party, search: 'et -to' })).toMatchObject({
      value: { page: { filter: { freeTexts: [{ words: ['et'], without: ['to'] }] } } },
    });
  });
});

describe('the parties of a list', () => {
  const emails = (count: number) => many('party', count, (index) => `urn:altinn:person:idporten-email:a${index}@b.no`);

  it.each<[string, Query, string[]]>([
    ['none', {}, []],
    ['one', { Party: party }, [party]],
    ['a list', { party: JSON.stringify([party, kari]) }, [party, kari]],
    [
      'one twice',
      [
        ['party', party],
        ['party', party],
      ],
      [party],
    ],
    [
      'an address in capitals',
      { party: 'urn:altinn:person:idporten-email:Kari@B.no' },
      ['urn:altinn:person:idporten-email:kari@b.no'],
    ],
    ['as many as there may be', emails(100), emails(100).map(([, value]) => value)],
  ])('can be %s', (_, query, expected) => {
    expect(readPartyFilter(url(query))).toEqual({ ok: true, value: expected });
  });

  it.each<[string, Query, string[]]>([
    ['nothing', { party: '' }, ['parties[0]']],
    ['a blank', { party: ' ' }, ['parties[0]']],
    ['an empty list', { party: '[]' }, ['parties.Length']],
    [
      'a system user',
      [
        ['party', party],
        ['party', 'urn:altinn:systemuser:uuid:1'],
      ],
      ['parties[1]'],
    ],
    ['a number that is none', { party: `${party.slice(0, -1)}0` }, ['parties[0]']],
    ['capitals', { party: party.replace('urn', 'URN') }, ['parties[0]']],
    ['too many', emails(101), ['parties.Length']],
  ])('cannot be %s', (_, query, keys) => {
    const filter = readPartyFilter(url(query));
    expect(filter.ok ? [] : Object.keys(filter.errors)).toEqual(keys);
  });
});
