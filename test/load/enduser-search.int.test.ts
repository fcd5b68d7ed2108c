import { timestampOf } from '@dialog/contracts/timestamp';
import { type Database, openDatabase } from '@dialog/database/open';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { dialogPageQuery } from '../../services/gateway/src/search/list-dialogs.ts';
import { readEndUserSearchRequest } from '../../services/gateway/src/search/read-request.ts';
import { busyParty } from './bench-world.ts';
import { firstCreatedAt, minuteMs, scattered, storeSpread } from './many-dialogs.ts';
import { organisations } from './organisations.ts';

/** A page, and the dialog after it. */
const places = 101;
/** Dialogs of the busy party, and of a thousand others together. */
const count = 12_000;
const thousand = organisations(31_400_000, 1_000);
const [permit, report, letter, hidden] = ['permit', 'report', 'letter', 'hidden'].map(
  (id) => `urn:altinn:resource:${id}`,
);
const resources = [permit, report, letter, hidden].filter((one) => one !== undefined);
const readable = resources.slice(0, 3);

/** Has put everything away but the oldest. */
const tidyParty = 'urn:altinn:organization:identifier-no:313007200';
const tidyCount = 2_000;

let space: TestSpace;
let db: Database;

beforeAll(async () => {
  space = await openTestSpace();
  const settings = { applicationName: 'test', connectionsMax: 2, connectTimeoutMs: 5_000, statementTimeoutMs: 30_000 };
  db = openDatabase(space.databaseUrl, settings);
  const quiet = () => undefined;
  // What somebody may read of the busy party are its 45 oldest dialogs, of three services, or those of a fourth as well.
  const ofBusy = { parties: [busyParty], party: '1', resource: 'case when n < 45 then 1 + n % 3 else 4 end' };
  const ofThousand = { parties: thousand, party: `1 + ${scattered(8, '1000')}`, resource: '1' };
  await storeSpread(space.ownerDatabaseUrl, { ...ofBusy, resources, first: 0, count }, quiet);
  await storeSpread(space.ownerDatabaseUrl, { ...ofThousand, resources, first: count, count }, quiet);
  const ofTidy = { parties: [tidyParty], party: '1', resource: '1' };
  await storeSpread(space.ownerDatabaseUrl, { ...ofTidy, resources, first: 2 * count, count: tidyCount }, quiet);
  await db
    .updateTable('dialog')
    .set({ system_labels: sql`array['Archive']` })
    .where('party', '=', tidyParty)
    .where('created_at', '>', timestampOf(firstCreatedAt + 20 * minuteMs))
    .execute();
});
afterAll(async () => {
  await db.destroy();
  await space.close();
});

type Node = {
  'Node Type': string;
  'Relation Name'?: string | undefined;
  'Index Name'?: string | undefined;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number | undefined;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  Plans?: Node[] | undefined;
};
const node: z.ZodType<Node> = z.lazy(() =>
  z.object({
    'Node Type': z.string(),
    'Relation Name': z.string().optional(),
    'Index Name': z.string().optional(),
    'Actual Rows': z.number(),
    'Actual Loops': z.number(),
    'Rows Removed by Filter': z.number().optional(),
    'Shared Hit Blocks': z.number(),
    'Shared Read Blocks': z.number(),
    Plans: z.array(node).optional(),
  }),
);
const explained = z.tuple([
  z.object({
    'QUERY PLAN': z
      .string()
      .transform((text) => JSON.parse(text))
      .pipe(z.tuple([z.object({ Plan: node })])),
  }),
]);

type Reach = { parties: readonly string[]; resources: readonly string[] };

/** How Postgres carries out a search, and how much it reads for it. */
async function searched({ parties, resources: granted }: Reach, query: Record<string, string>) {
  const request = readEndUserSearchRequest(`http://any/?${new URLSearchParams({ serviceResource: 'any', ...query })}`);
  if (!request.ok) throw new Error(JSON.stringify(request.errors));
  const { page } = request.value;
  page.filter.serviceResources = [];
  page.filter.reach = {
    at: timestampOf(Date.now()),
    resourcesByParty: new Map(parties.map((party) => [party, new Set(granted)])),
    dialogIds: new Set(),
  };
  const statement = dialogPageQuery(db, page);
  const [
    {
      'QUERY PLAN': [{ Plan: plan }],
    },
  ] = explained.parse(await statement.explain('json', sql`analyze, buffers`));
  const scans = nodesOf(plan).filter((one) => one['Relation Name'] === 'dialog');
  const rows = scans.map((one) => (one['Actual Rows'] + (one['Rows Removed by Filter'] ?? 0)) * one['Actual Loops']);
  return {
    shown: async () => {
      const lines = await statement.explain('text', sql`analyze, buffers, costs off`);
      return lines.map((line) => Object.values(line).join()).join('\n');
    },
    found: plan['Actual Rows'],
    rowsRead: Math.round(rows.reduce((total, some) => total + some, 0)),
    pagesRead: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'],
    waysIn: new Set(scans.map((one) => one['Index Name'] ?? one['Node Type'])),
  };
}

function nodesOf(plan: Node): Node[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

const middle = new Date(firstCreatedAt + (count / 2) * minuteMs).toISOString();
const searches: [string, Record<string, string>][] = [
  ['the newest content', {}],
  ['the oldest content', { orderBy: 'contentUpdatedAt_asc,id_asc' }],
  ['the newest', { orderBy: 'createdAt' }],
  ['the latest changed', { orderBy: 'updatedAt' }],
  ['the first due', { orderBy: 'dueAt_asc' }],
  ['what runs both ways', { orderBy: 'createdAt_asc,dueAt_desc' }],
  ['a page deep down', { continuationToken: `contentupdatedat_${middle},id_ffffffff-ffff-ffff-ffff-ffffffffffff` }],
  ['what was put away', { systemLabel: 'Archive' }],
  ['what was thrown away', { systemLabel: 'Bin' }],
  ['what was not', { systemLabel: 'Default' }],
  ['a frequent word', { search: 'skattemeldingen', searchLanguageCode: 'nb' }],
];

/**
 * Each reads a few rows of the many, however Postgres likes to find them: rows are counted, not milliseconds. The plan of
 * the first search is shown.
 */
describe.each<{ who: string; reach: Reach; rowsMax: number; pagesMax: number }>([
  { who: 'of one party', reach: { parties: [busyParty], resources }, rowsMax: 500, pagesMax: 3_000 },
  {
    who: 'of a party that is mostly hidden',
    reach: { parties: [busyParty], resources: readable },
    rowsMax: 150,
    pagesMax: 1_000,
  },
  {
    who: 'of a thousand parties',
    reach: { parties: thousand, resources: readable.slice(0, 1) },
    rowsMax: 3_000,
    pagesMax: 9_000,
  },
])('a search $who', ({ who, reach, rowsMax, pagesMax }) => {
  it.each(searches)('for %s reads little', async (what, query) => {
    const { shown, found, rowsRead, pagesRead, waysIn } = await searched(reach, query);
    const ways = [...waysIn].join(', ');
    console.info(`${who}, ${what}: ${found} dialogs of ${rowsRead} rows and ${pagesRead} pages, by ${ways}`);
    if (what === searches[0]?.[0]) console.info(await shown());
    expect(found).toBeGreaterThan(0);
    expect(found).toBeLessThanOrEqual(places);
    expect(rowsRead).toBeLessThan(rowsMax);
    expect(pagesRead).toBeLessThan(pagesMax);
    expect(ways).not.toContain('Seq Scan');
  });
});

it('finds the few dialogs that were not put away without reading those that were', async () => {
  const { found, rowsRead } = await searched({ parties: [tidyParty], resources }, { systemLabel: 'Default' });
  expect(found).toBeGreaterThan(10);
  expect(rowsRead).toBeLessThan(100);
});
