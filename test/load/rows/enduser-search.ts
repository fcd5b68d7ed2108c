import { timestampOf } from '@dialog/contracts/timestamp';
import { openDatabase } from '@dialog/database/open';
import { sql } from 'kysely';
import { dialogPageQuery } from '../../../services/gateway/src/search/list-dialogs.ts';
import { readEndUserSearchRequest } from '../../../services/gateway/src/search/read-request.ts';
import type { BenchStack } from '../bench-stack.ts';
import { busyParty, endUsers } from '../bench-world.ts';
import { firstCreatedAt, halving, minuteMs, scattered, storeSpread } from '../many-dialogs.ts';
import { measurePages, some } from '../measure-pages.ts';
import { organisations } from '../organisations.ts';
import type { Bench, BenchSettings } from './row.ts';

const path = '/api/v1/enduser/dialogs';
const ofManager = ['ttd-building-permit', 'ttd-catch-report', 'ttd-correspondence', 'ttd-mixed-case'].map(resource);
const ofAccountant = resource('skd-vat-return');
/** The first that the emulator makes up. */
const thousand = organisations(31_400_000, 1_000);
/** Some baselines take seconds, which is clear after a few. */
const baselines = { baselinePages: 3, baselineWarmUps: 1, baselineName: 'Postgres alone, one plain statement' };

/** Whoever searches, where, and what of that they may read. */
type Reader = {
  name: string;
  pid: string;
  where: Record<string, string>;
  parties: readonly string[];
  resources: readonly string[];
  goalMs: number;
};

const manager: Reader = {
  ...{ name: 'one party', pid: endUsers.manager, where: { party: busyParty } },
  ...{ parties: [busyParty], resources: ofManager, goalMs: 50 },
};
const accountant: Reader = {
  ...{ name: 'one party, 1 in 1,000 readable', pid: endUsers.accountant, where: { party: busyParty } },
  ...{ parties: [busyParty], resources: [ofAccountant], goalMs: 50 },
};
const ofThousand: Reader = {
  ...{ name: '1,000 parties', pid: endUsers.ofThousand, where: { serviceResource: JSON.stringify(ofManager) } },
  ...{ parties: thousand, resources: ofManager, goalMs: 150 },
};
const ofMany: Reader = { ...ofThousand, name: '84,000 parties', pid: endUsers.ofMany, goalMs: 2_000 };

type Case = {
  reader: Reader;
  name: string;
  query: (attempt: number) => Record<string, string>;
  /** The same as a condition on `dialog`, and what it is sorted by. */
  condition?: string;
  by?: string;
};

/**
 * Pages of what end users may read, through the gateway: of a party with a million dialogs, nearly all of which one may
 * read and another may not, and of a thousand parties that have another million.
 */
export const endUserSearch: Bench = {
  name: 'enduser-search',
  long: true,
  about: 'pages of what end users may read: one party, one that is mostly hidden, a thousand parties',
  async run(stack, settings, say) {
    const { dialogs, pages, plans } = settings;
    const database = stack.database.owner;
    const resources = [...ofManager, ofAccountant];
    // The oldest thousandth are the accountant's.
    const hidden = `case when n - $6 < ${dialogs / 1_000} then 5 else least(4, ${halving}) end`;
    await storeSpread(
      database,
      { ...{ parties: [busyParty], party: '1', resources, resource: hidden }, first: 0, count: dialogs },
      say,
    );
    const spread = {
      parties: thousand,
      party: `1 + ${scattered(8, '1000')}`,
      resources,
      resource: `least(4, ${halving})`,
    };
    await storeSpread(database, { ...spread, first: dialogs, count: dialogs }, say);

    const cases = casesOf(settings);
    if (plans) await explain(stack, cases, say);
    const tokens = new Map<string, string>();
    for (const { pid } of new Set(cases.map(({ reader }) => reader))) tokens.set(pid, await tokenOf(stack, pid));
    const measured = cases.map(
      ({ reader, name, query, condition = 'true', by = 'content_updated_at desc, id desc' }) => ({
        name: `${reader.name} of ${dialogs}, ${name}`,
        ...{ token: tokens.get(reader.pid) ?? '', goalMs: reader.goalMs },
        url: (attempt: number) => urlOf(stack, reader, query(attempt)),
        baseline: () => ({
          text: `select * from dialog where party = any($1) and service_resource = any($2) and deleted_at is null
          and (visible_from is null or visible_from <= now()) and (expires_at is null or expires_at > now())
          and ${condition} order by ${by} limit 101`,
          values: [reader.parties, reader.resources],
        }),
      }),
    );
    return measurePages(stack, measured, { pages, ...baselines }, say);
  },
};

function casesOf({ dialogs }: Pick<BenchSettings, 'dialogs'>): Case[] {
  const highestId = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
  const at = (dialog: number) => new Date(firstCreatedAt + dialog * minuteMs).toISOString();
  const before = (fewest: number, most: number) => (attempt: number) => ({
    continuationToken: `contentupdatedat_${at(fewest + some(attempt, most - fewest))},id_${highestId}`,
  });
  const orders: Omit<Case, 'reader'>[] = [
    { name: 'default order', query: () => ({}) },
    { name: 'by creation', query: () => ({ orderBy: 'createdAt' }), by: 'created_at desc, id desc' },
    { name: 'by change, oldest first', query: () => ({ orderBy: 'updatedAt_asc,id_asc' }), by: 'updated_at, id' },
    { name: 'by due date', query: () => ({ orderBy: 'dueAt_asc' }), by: 'due_at, id desc' },
  ];
  const filters: Omit<Case, 'reader'>[] = [
    { name: 'not put away', query: () => ({ systemLabel: 'Default' }), condition: `'Default' = any(system_labels)` },
    { name: 'archived', query: () => ({ systemLabel: 'Archive' }), condition: `'Archive' = any(system_labels)` },
    { name: 'in the bin', query: () => ({ systemLabel: 'Bin' }), condition: `'Bin' = any(system_labels)` },
    { name: 'completed', query: () => ({ status: 'Completed' }), condition: `status = 'Completed'` },
    { name: 'not seen', query: () => ({ isContentSeen: 'false' }), condition: 'not content_seen' },
    {
      name: 'frequent word',
      query: () => ({ search: 'skattemeldingen', searchLanguageCode: 'nb' }),
      condition: `search_document @@ to_tsquery('norwegian', 'skattemeldingen')`,
    },
  ];
  const deep: Omit<Case, 'reader'> = { name: 'deep, by token', query: before(dialogs / 4, (dialogs * 3) / 4) };
  const rare: Omit<Case, 'reader'> = {
    name: 'rare word',
    query: (attempt) => ({ search: String(100 + attempt) }),
    condition: `search_document @@ to_tsquery('simple', '117')`,
  };
  const of = (reader: Reader, cases: readonly Omit<Case, 'reader'>[]) => cases.map((one) => ({ reader, ...one }));
  return [
    ...of(manager, [...orders, deep, ...filters]),
    ...of(accountant, [...orders, { ...deep, query: before(0, dialogs / 1_000) }, ...filters, rare]),
    ...of(ofThousand, [...orders, deep, ...filters]),
    ...of(ofMany, orders.slice(0, 1)),
  ];
}

function resource(id: string): string {
  return `urn:altinn:resource:${id}`;
}

async function tokenOf({ emulatorUrl }: BenchStack, pid: string): Promise<string> {
  const minted = await fetch(`${emulatorUrl}/emulator/token?pid=${pid}&ttl=7200`);
  return minted.text();
}

function urlOf({ gatewayUrl }: BenchStack, { where }: Reader, query: Record<string, string>): string {
  return `${gatewayUrl}${path}?${new URLSearchParams({ ...where, ...query })}`;
}

/** How Postgres carries out the first page of each case. */
async function explain(stack: BenchStack, cases: readonly Case[], say: (line: string) => void): Promise<void> {
  const settings = { applicationName: 'bench', connectionsMax: 1, connectTimeoutMs: 5_000, statementTimeoutMs: 60_000 };
  const db = openDatabase(stack.database.app, settings);
  for (const { reader, name, query } of cases) {
    const request = readEndUserSearchRequest(urlOf(stack, reader, query(0)));
    if (!request.ok) throw new Error(JSON.stringify(request.errors));
    const { page } = request.value;
    const resources = new Set(reader.resources);
    page.filter.reach = {
      at: timestampOf(Date.now()),
      resourcesByParty: new Map(reader.parties.map((party) => [party, resources])),
      dialogIds: new Set(),
    };
    const plan = await dialogPageQuery(db, page).explain('text', sql`analyze, buffers`);
    say(`${reader.name}, ${name}`);
    for (const line of plan) say(`  ${Object.values(line).join()}`);
  }
  await db.destroy();
}
