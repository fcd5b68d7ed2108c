import { type Database, openDatabase } from '@dialog/database/open';
import { withClient } from '@dialog/local/database';
import { sql } from 'kysely';
import { dialogPageQuery } from '../../../services/gateway/src/search/list-dialogs.ts';
import { readSearchRequest } from '../../../services/gateway/src/search/read-request.ts';
import type { BenchStack } from '../bench-stack.ts';
import { firstCreatedAt, type ManyDialogs, minuteMs, storeManyDialogs } from '../many-dialogs.ts';
import { median } from '../table.ts';
import type { Bench } from './row.ts';

const path = '/api/v1/serviceowner/dialogs';
const org = 'skd';
const goalMs = 50;
/** Requests of each kind that do not count: caches fill, and code gets compiled. */
const warmUps = 10;
/** Requests of the baseline that do. Some take it a second, which is clear after a few. */
const baselinePages = 20;

/** A page that is asked for in several variants, and the same page from Postgres alone, by plain SQL that counts. */
type Case = {
  name: string;
  query: (attempt: number) => Record<string, string>;
  /** Conditions of the baseline, with the values of their parameters, and how many dialogs lie before the page. */
  baseline: (attempt: number) => { where: string; values: unknown[]; offset?: number };
};

/** Pages of an organisation's dialogs through the gateway, one request at a time. */
export const search: Bench = {
  name: 'search',
  about: 'pages of one organisation’s dialogs, by order, filter and token',
  async run(stack, { dialogs, pages, plans }, say) {
    const owner = stack.database.owner;
    const stored = await storeManyDialogs(owner, dialogs, say);
    const cases = casesOf(stored, dialogs);
    if (plans) await explain(stack, cases, say);
    return withClient(owner, async (client) => {
      const rows = [];
      for (const { name, query, baseline } of cases) {
        const ours: number[] = [];
        const theirs: number[] = [];
        let items = 0;
        for (let attempt = 0; attempt < warmUps + pages; attempt += 1) {
          const url = `${stack.gatewayUrl}${path}?${new URLSearchParams(query(attempt))}`;
          const { where, values, offset = 0 } = baseline(attempt);
          const plain = `select * from dialog where org = '${org}' and deleted_at is null and ${where}
            order by content_updated_at desc, id desc limit 100 offset ${offset}`;
          ours.push(
            await timed(async () => {
              items += await itemsAt(url, stack.token);
            }),
          );
          if (attempt < warmUps + baselinePages) theirs.push(await timed(() => client.query(plain, values)));
        }
        ours.splice(0, warmUps);
        theirs.splice(0, warmUps);
        const [p50, p95, plainP50, plainP95] = [median(ours), p95Of(ours), median(theirs), p95Of(theirs)];
        say(
          `${name}: ${(items / (warmUps + pages)).toFixed(0)} dialogs a page, p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`,
        );
        rows.push({
          name: `page of ${dialogs}, ${name}`,
          figure: `p95 ${p95.toFixed(1)} ms, p50 ${p50.toFixed(1)} ms`,
          baseline: `p95 ${plainP95.toFixed(1)} ms, p50 ${plainP50.toFixed(1)} ms, Postgres alone with offset`,
          ...{ ratio: p95 / plainP95, goal: `p95 < ${goalMs} ms`, met: p95 < goalMs },
        });
      }
      return rows;
    });
  },
};

function casesOf({ parties, resources }: ManyDialogs, count: number): Case[] {
  /** A number from 0 up to a limit, another for each attempt. */
  const some = (attempt: number, limit: number) => (attempt * 7_919) % limit;
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

async function itemsAt(url: string, token: string): Promise<number> {
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
  const body = await answer.text();
  if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${body}`);
  return body.split('"guiAttachmentCount"').length - 1;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function p95Of(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN;
}

/** How Postgres carries out the first page of each case. */
async function explain(stack: BenchStack, cases: readonly Case[], say: (line: string) => void): Promise<void> {
  const settings = { applicationName: 'bench', connectionsMax: 1, connectTimeoutMs: 5_000, statementTimeoutMs: 60_000 };
  const db: Database = openDatabase(stack.database.app, settings);
  for (const { name, query } of cases) {
    const url = `${stack.gatewayUrl}${path}?${new URLSearchParams(query(0))}`;
    const request = readSearchRequest(url, { org, endUserId: null });
    if (!request.ok) throw new Error(JSON.stringify(request.errors));
    const plan = await dialogPageQuery(db, request.value.page).explain('text', sql`analyze, buffers`);
    say(name);
    for (const line of plan) say(`  ${Object.values(line).join()}`);
  }
  await db.destroy();
}
