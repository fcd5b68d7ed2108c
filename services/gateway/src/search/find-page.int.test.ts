import { languageCodes } from '@dialog/contracts/language-code';
import { type Timestamp, timestampOf } from '@dialog/contracts/timestamp';
import { type Database, openDatabase } from '@dialog/database/open';
import * as dialogs from '@dialog/database/tables/dialogs';
import type { Dialog } from '@dialog/domain/dialog';
import { activityBody, content, transmissionBody } from '@dialog/domain/testing/examples';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StoredDialog, storeDialogs } from '../testing/stored-dialogs.ts';
import type { DialogFilter } from './filter.ts';
import { configurations, freeText } from './free-text.ts';
import { listDialogs } from './list-dialogs.ts';
import { defaultOrder, type Order, parseOrder, parseToken, printToken, type Sortable } from './order.ts';

let space: TestSpace;
let db: Database;
beforeAll(async () => {
  space = await openTestSpace();
  db = openDatabase(space.databaseUrl, {
    ...{ applicationName: 'test', connectionsMax: 4, connectTimeoutMs: 5_000, statementTimeoutMs: 10_000 },
  });
});
afterAll(async () => {
  await db.destroy();
  await space.close();
});

const resource = (name: string) => `urn:altinn:resource:${name}`;
const party = (name: string) => `urn:altinn:person:idporten-email:${name}@example.no`;
const everythingOf = (org: string): DialogFilter => ({
  orgs: [org],
  parties: [],
  serviceResources: [],
  deleted: 'Exclude',
});

async function page(filter: DialogFilter, { order = defaultOrder, token = '', limit = 1_000 } = {}) {
  const after = token === '' ? null : (parseToken(token, order) ?? null);
  const found = await listDialogs(db, { filter, order, after, limit });
  if (found === 'too-broad') throw new Error('Too broad.');
  return found;
}

async function idsOf(filter: DialogFilter): Promise<string[]> {
  return (await page(filter)).items.map(({ id }) => id);
}

describe('pages', () => {
  /** Few moments for many dialogs, some of them a microsecond apart. */
  const moments = [0, 0.001, 0.002, 1, 1_000].map((ms) => timestampOf(Date.parse('2026-01-01T00:00:00Z') + ms));
  const moment = (number: number) => moments[number % moments.length] ?? timestampOf(0);
  const parties = ['a', 'b', 'c'].map(party);
  /** More than the shorter pages have places, with one dialog each. */
  const many = Array.from({ length: 120 }, (_, number) => party(`p${number}`));
  const resources = ['r', 's'].map(resource);
  let all: Sortable[];
  beforeAll(async () => {
    const stored = Array.from({ length: 300 }, (_, n): StoredDialog => {
      const changed: Partial<Dialog> = {
        ...{ org: 'pages', contentUpdatedAt: moment(n), updatedAt: moment(n >> 2), createdAt: moment(n * 7) },
        ...{
          dueAt: n % 3 === 0 ? null : moment(n >> 3),
          party: (n < many.length ? many[n] : parties[n % 3]) ?? '',
          serviceResource: resources[(n >> 1) % 2] ?? '',
        },
      };
      return { changed };
    });
    await storeDialogs(db, stored);
    all = (await page(everythingOf('pages'))).items;
    expect(all).toHaveLength(300);
  });

  const keys = ['contentUpdatedAt', 'updatedAt', 'createdAt', 'dueAt', 'id'] as const;
  const orders = fc
    .tuple(
      fc.subarray([...keys], { minLength: 1 }).chain((some) => fc.shuffledSubarray(some, { minLength: 1 })),
      fc.infiniteStream(fc.boolean()),
    )
    .map(([some, ascending]) =>
      some.map((key) => `${key}_${ascending.next().value === true ? 'asc' : 'desc'}`).join(','),
    );
  const filters = fc.constantFrom<Partial<DialogFilter>>(
    ...[
      {},
      { parties: [party('b')] },
      { parties },
      { serviceResources: [resource('s')] },
      { serviceResources: resources },
    ],
    { parties: [party('a'), party('nobody')], serviceResources: [resource('r')] },
    { parties: [...many, party('a')], serviceResources: resources },
    { parties: [...many, ...parties] },
    reaching([
      [party('a'), resources],
      [party('c'), [resource('r')]],
    ]),
    reaching([...many, party('nobody')].map((one) => [one, resources])),
    { ...reaching([...many, ...parties].map((one) => [one, resources])), serviceResources: [resource('s')] },
  );

  function reaching(pairs: [string, string[]][]): Partial<DialogFilter> {
    const resourcesByParty = new Map(pairs.map(([of, granted]) => [of, new Set(granted)]));
    return { reach: { at: timestampOf(Date.now()), resourcesByParty, dialogIds: new Set<string>() } };
  }

  /** What Postgres calls the order, by a second implementation. */
  function sorted(dialogs: readonly Sortable[], order: Order): string[] {
    const memberOf = {
      contentupdatedat: 'contentUpdatedAt',
      updatedat: 'updatedAt',
      createdat: 'createdAt',
      dueat: 'dueAt',
      id: 'id',
    } as const;
    return [...dialogs]
      .sort((a, b) => {
        for (const { key, direction } of order) {
          // Missing is after everything there is.
          const [left, right] = [a[memberOf[key]] ?? '~', b[memberOf[key]] ?? '~'];
          if (left !== right) return left < right === (direction === 'asc') ? -1 : 1;
        }
        return 0;
      })
      .map(({ id }) => id);
  }

  it('of any order and size, put together, are the whole list in that order', async () => {
    await fc.assert(
      fc.asyncProperty(orders, fc.constantFrom(20, 50, 299, 300, 301), filters, async (orderBy, limit, narrowed) => {
        const order = parseOrder(orderBy);
        if (order === undefined) throw new Error(orderBy);
        const filter = { ...everythingOf('pages'), ...narrowed };
        const expected = sorted((await page(filter)).items, order);
        const ids: string[] = [];
        for (let token = ''; ; ) {
          const { items, hasNextPage } = await page(filter, { order, token, limit });
          ids.push(...items.map(({ id }) => id));
          expect(hasNextPage).toBe(ids.length < expected.length);
          const last = items.at(-1);
          if (!hasNextPage || last === undefined) break;
          token = printToken(order, last);
        }
        expect(ids).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });
});

describe('what an end user may read', () => {
  const now = timestampOf(Date.now());
  const past: Timestamp = timestampOf(Date.now() - 1_000);
  const future: Timestamp = timestampOf(Date.now() + 3_600_000);
  const reach = (pairs: [string, string[]][], dialogIds: string[] = []) => ({
    at: now,
    resourcesByParty: new Map(pairs.map(([name, names]) => [party(name), new Set(names.map(resource))])),
    dialogIds: new Set(dialogIds),
  });
  let ids: string[];
  beforeAll(async () => {
    const at = (name: string, of: string, more: Partial<Dialog> = {}): StoredDialog => ({
      changed: { org: 'reach', party: party(name), serviceResource: resource(of), ...more },
    });
    ids = await storeDialogs(db, [
      ...[at('a', 'r'), at('a', 's'), at('b', 'r'), at('b', 's'), at('c', 'r')],
      ...[at('a', 'r', { visibleFrom: future }), at('a', 'r', { expiresAt: past })],
      ...[at('a', 'r', { visibleFrom: past, expiresAt: future }), at('a', 'r', { org: 'other' })],
    ]);
  });

  it.each<[string, ReturnType<typeof reach>, Partial<DialogFilter>, number[]]>([
    [
      'resources of parties',
      reach([
        ['a', ['r']],
        ['b', ['s']],
      ]),
      {},
      [0, 3, 7],
    ],
    ['one party, two resources', reach([['b', ['r', 's']]]), {}, [2, 3]],
    ['single dialogs', reach([], ['#1', '#4', '#8']), {}, [1, 4]],
    ['both', reach([['a', ['r']]], ['#0', '#4', '#5', '#6']), {}, [0, 4, 7]],
    [
      'no more than is asked for',
      reach(
        [
          ['a', ['r', 's']],
          ['b', ['r']],
        ],
        ['#4'],
      ),
      { parties: [party('a')] },
      [0, 1, 7],
    ],
    [
      'of the resource asked for',
      reach([['a', ['r', 's']]], ['#3', '#4']),
      { serviceResources: [resource('s')] },
      [1, 3],
    ],
    ['nothing', reach([]), {}, []],
  ])('are %s, as far as they are visible', async (_, { resourcesByParty, dialogIds, at }, narrowed, expected) => {
    const named = new Set([...dialogIds].map((number) => ids[Number(number.slice(1))] ?? ''));
    const filter = { ...everythingOf('reach'), ...narrowed, reach: { at, resourcesByParty, dialogIds: named } };
    expect((await idsOf(filter)).map((id) => ids.indexOf(id)).sort()).toEqual(expected);
  });
});

describe('words', () => {
  const inLanguages = (...texts: [string, string][]) => ({
    mediaType: 'text/plain',
    value: texts.map(([languageCode, value]) => ({ languageCode, value })),
  });
  let ids: string[];
  beforeAll(async () => {
    const own = (body: StoredDialog['body']): StoredDialog => ({ body: body ?? {}, changed: { org: 'words' } });
    ids = await storeDialogs(db, [
      own({
        content: {
          ...content(),
          title: inLanguages(['nb', 'Søknaden om byggetillatelse'], ['en', 'Applications for building permits']),
          summary: inLanguages(['nn', 'Teikningane manglar'], ['se', 'Ohcamuš huksenlohpái'], ['sv', 'Ansökningarna']),
          senderName: inLanguages(['nb', 'Bergen kommune']),
          additionalInfo: { mediaType: 'text/markdown', value: [{ languageCode: 'nb', value: 'uindeksert' }] },
        },
        searchTags: ['2026/123', 'strandsonen'],
        attachments: [{ ...attachment, displayName: [{ languageCode: 'nb', value: 'Situasjonskart' }] }],
      }),
      own({
        content: content('Varsel'),
        transmissions: [
          transmissionBody({
            content: {
              title: inLanguages(['nb', 'Vi mangler tegninger']),
              summary: inLanguages(['en', 'Drawings are missing']),
              contentReference: null,
            },
            attachments: [{ ...attachment, displayName: [{ languageCode: 'nb', value: 'Fasade' }] }],
          }),
        ],
        activities: [
          activityBody({ type: 'Information', description: [{ languageCode: 'nb', value: 'Purret på telefon' }] }),
        ],
      }),
      own({ isApiOnly: true, content: null }),
    ]);
  });

  it.each<[string, string | undefined, number[]]>([
    ['byggetillatelse', undefined, [0]],
    ['søknad', undefined, [0]],
    ['SØKNADER', undefined, [0]],
    ['application', undefined, [0]],
    ['permit', 'en', [0]],
    ['teikning', 'nn', [0]],
    ['huksenlohpái', undefined, [0]],
    ['huksenlohpái', 'se', [0]],
    ['bergen', 'en', [0]],
    ['bergen og', 'nb', [0]],
    ['bergen og', 'se', []],
    ['strandsonen', 'nb', [0]],
    ['2026/123', undefined, [0]],
    ['ansökning', undefined, [0]],
    ['ansökning', 'sv', [0]],
    ['situasjonskart', undefined, [0]],
    ['søknad bergen drawings', undefined, []],
    ['varsel tegning fasaden telefonen', undefined, [1]],
    ['varsel the and og tegning', undefined, [1]],
    ['missing drawing', 'en', [1]],
    ['bygg', undefined, []],
    ['uindeksert', undefined, []],
    ['og the', undefined, []],
    ['   ', undefined, []],
    ["' & ! ( :*", undefined, []],
  ])('%j in %s are found in %j', async (text, languageCode, expected) => {
    const filter = { ...everythingOf('words'), freeTexts: [freeText(text, languageCode)] };
    expect((await idsOf(filter)).map((id) => ids.indexOf(id)).sort()).toEqual(expected);
  });

  it('are stemmed in each language that texts are indexed in', async () => {
    const { rows } = await sql<{ name: string }>`
      select distinct search_configuration(code)::text as name from unnest(${[...languageCodes]}::text[]) as code
    `.execute(db);
    expect(rows.map(({ name }) => name).sort()).toEqual(configurations);
  });

  it('are those of the dialog as it is now', async () => {
    const filter = { ...everythingOf('changing'), freeTexts: [freeText('gammel')] };
    const [id = ''] = await storeDialogs(db, [
      { body: { content: content('Gammel'), searchTags: ['eldst'] }, changed: { org: 'changing' } },
    ]);
    expect(await idsOf(filter)).toEqual([id]);
    const dialog = (await dialogs.find(db, [id])).get(id);
    if (dialog === undefined) throw new Error('Not there.');
    const renewed = { ...dialog, content: content('Ny'), searchTags: ['nyest'] };
    await dialogs.update(db, [{ dialog: renewed, documentsChanged: true }]);
    expect(await idsOf(filter)).toEqual([]);
    expect(await idsOf({ ...filter, freeTexts: [freeText('eldst')] })).toEqual([]);
    expect(await idsOf({ ...filter, freeTexts: [freeText('ny nyest')] })).toEqual([id]);
  });

  it('that take too long to look for are an answer, not a fault', async () => {
    const impatient = openDatabase(space.databaseUrl, {
      ...{ applicationName: 'test', connectionsMax: 1, connectTimeoutMs: 5_000, statementTimeoutMs: 1 },
    });
    const words = Array.from({ length: 20_000 }, (_, n) => `skatt${n}`).join(' ');
    const request = { order: defaultOrder, after: null, limit: 1 };
    const filter = { ...everythingOf('words'), freeTexts: [freeText(words)] };
    const answer = await listDialogs(impatient, { ...request, filter });
    await impatient.destroy();
    expect(answer).toBe('too-broad');
  });
});

const attachment = {
  ...{ id: null, name: null, expiresAt: null },
  urls: [{ id: null, url: 'https://example.no/', mediaType: null, consumerType: 'Gui' as const }],
};
