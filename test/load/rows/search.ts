import { openDatabase } from '@dialog/database/open';
import { sql } from 'kysely';
import { dialogPageQuery } from '../../../services/gateway/src/search/list-dialogs.ts';
import { readSearchRequest } from '../../../services/gateway/src/search/read-request.ts';
import type { BenchStack } from '../bench-stack.ts';
import { firstCreatedAt, type ManyDialogs, minuteMs, storeManyDialogs } from '../many-dialogs.ts';
import { measurePages, some } from '../measure-pages.ts';
import type { Bench } from './row.ts';

const path = '/api/v1/serviceowner/dialogs';
const org = 'skd';
/** Some baselines take a second, which is clear after a few. */
const baselines = { baselinePages: 20, baselineWarmUps: 10, baselineName: 'Postgres alone with offset' };

/** A page that is asked for in several variants, and conditions of the same page by plain SQL that counts. */
type Case = {
  name: string;
  query: (attempt: number) => Record<string, string>;
  /** Conditions, with the values of their parameters, and how many dialogs lie before the page. */
  baseline: (attempt: number) => { where: string; values: unknown[]; offset?: number };
};

/** Pages of an organisation's dialogs through the gateway, one request at a time. */
export const search: Bench = {
  name: 'search',
  long: true,
  about: 'pages of one organisation’s dialogs, by order, filter and token',
  async run(stack, { dialogs, pages, plans }, say) {
    const cases = casesOf(await storeManyDialogs(stack.database.owner, dialogs, say), dialogs);
    if (plans) await explain(stack, cases, say);
    const measured = cases.map(({ name, query, baseline }) => ({
      ...{ name: `page of ${dialogs}, ${name}`, token: stack.token, goalMs: 50 },
      url: (attempt: number) => urlOf(stack, query(attempt)),
      baseline: (attempt: number) => {
        const { where, values, offset = 0 } = baseline(attempt);
        const text = `select * from dialog where org = '${org}' and deleted_at is null and ${where}
          order by content_updated_at desc, id desc limit 100 offset ${offset}`;
        return { text, values };
      },
    }));
    return measurePages(stack, measured, { pages, ...baselines }, say);
  },
};

function urlOf(stack: BenchStack, query: Record<string, string>): string {
  return `${stack.gatewayUrl}${path}?${new URLSearchParams(query)}`;
}

function casesOf({ parties, resources }: ManyDialogs, count: number): Case[] {
  const pick = (values: readonly string[], attempt: number) => values[some(attempt, values.length)] ?? '';
  const at = (dialog: number) => new Date(firstCreatedAt + dialog * minuteMs).toISOString();
  const statuses = ['Draft', 'InProgress', 'RequiresAttention', 'Completed'];
  const everything = { where: 'true', values: [] };
  const highestId = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

  return [
    { name: 'default order', query: () => ({}), baseline: () => everything },
    {
      name: 'party',
      query: (attempt) => ({ party: pick(parties, attempt) }),
      baseline: (attempt) => ({ where: 'party = $1', values: [pick(parties, attempt)] }),
    },
    {
      name: '20 parties',
      query: (attempt) => ({ party: JSON.stringify(parties.slice(attempt, attempt + 20)) }),
      baseline: (attempt) => ({ where: 'party = any($1)', values: [parties.slice(attempt, attempt + 20)] }),
    },
    {
      name: 'resource and status',
      query: (attempt) => ({ serviceResource: pick(resources, attempt), status: pick(statuses, attempt) }),
      baseline: (attempt) => ({
        where: 'service_resource = $1 and status = $2',
        values: [pick(resources, attempt), pick(statuses, attempt)],
      }),
    },
    {
      name: 'deep, by token',
      query: (attempt) => ({
        continuationToken: `contentupdatedat_${at(count - count / 4 - some(attempt, count / 2))},id_${highestId}`,
      }),
      baseline: (attempt) => ({ ...everything, offset: count / 4 + some(attempt, count / 2) }),
    },
    {
      name: 'updated lately',
      query: (attempt) => ({ updatedAfter: at(count - some(attempt, 1_000)) }),
      baseline: (attempt) => ({ where: 'updated_at >= $1', values: [at(count - some(attempt, 1_000))] }),
    },
    {
      name: 'beginning of a label',
      query: (attempt) => ({ serviceOwnerLabels: `case:${some(attempt, count / 10_000) + 10}*` }),
      baseline: (attempt) => ({
        where: 'exists (select from unnest(service_owner_labels) as label where label like $1)',
        values: [`case:${some(attempt, count / 10_000) + 10}%`],
      }),
    },
    {
      name: 'no such reference',
      query: (attempt) => ({ externalReference: `none-${attempt}` }),
      baseline: (attempt) => ({ where: 'external_reference = $1', values: [`none-${attempt}`] }),
    },
  ];
}

/** How Postgres carries out the first page of each case. */
async function explain(stack: BenchStack, cases: readonly Case[], say: (line: string) => void): Promise<void> {
  const settings = { applicationName: 'bench', connectionsMax: 1, connectTimeoutMs: 5_000, statementTimeoutMs: 60_000 };
  const db = openDatabase(stack.database.app, settings);
  for (const { name, query } of cases) {
    const request = readSearchRequest(urlOf(stack, query(0)), { org, endUserId: null });
    if (!request.ok) throw new Error(JSON.stringify(request.errors));
    const plan = await dialogPageQuery(db, request.value.page).explain('text', sql`analyze, buffers`);
    say(name);
    for (const line of plan) say(`  ${Object.values(line).join()}`);
  }
  await db.destroy();
}
