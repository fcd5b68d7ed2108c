import { withClient } from '@dialog/local/database';
import type { BenchStack } from './bench-stack.ts';
import type { BenchRow } from './results.ts';
import { median } from './statistics.ts';

/** Requests of each kind that do not count: caches fill, and code gets compiled. */
const warmUps = 10;

/** A page that is asked for in several variants, and the same page from Postgres alone, by plain SQL. */
export type PageCase = {
  name: string;
  url: (attempt: number) => string;
  token: string;
  /** Beyond what 95 of 100 pages must not take. */
  goalMs: number;
  /** A statement, with the values of its parameters. */
  baseline: (attempt: number) => { text: string; values: unknown[] };
};

type Settings = { pages: number; baselinePages: number; baselineWarmUps: number; baselineName: string };

/** Asks for pages through the gateway, one request at a time, and for each in turn its baseline. */
export async function measurePages(
  stack: BenchStack,
  cases: readonly PageCase[],
  { pages, baselinePages, baselineWarmUps, baselineName }: Settings,
  say: (line: string) => void,
): Promise<BenchRow[]> {
  return withClient(stack.database.owner, async (client) => {
    const rows = [];
    for (const { name, url, token, goalMs, baseline } of cases) {
      const ours: number[] = [];
      const theirs: number[] = [];
      let items = 0;
      for (let attempt = 0; attempt < warmUps + pages; attempt += 1) {
        ours.push(
          await timed(async () => {
            items += await itemsAt(url(attempt), token);
          }),
        );
        if (attempt >= baselineWarmUps + baselinePages) continue;
        const { text, values } = baseline(attempt);
        theirs.push(await timed(() => client.query(text, values)));
      }
      ours.splice(0, warmUps);
      theirs.splice(0, baselineWarmUps);
      const [p50, p95, plainP50, plainP95] = [median(ours), p95Of(ours), median(theirs), p95Of(theirs)];
      const found = (items / (warmUps + pages)).toFixed(0);
      say(`${name}: ${found} dialogs a page, p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`);
      rows.push({
        name,
        figure: `p95 ${p95.toFixed(1)} ms, p50 ${p50.toFixed(1)} ms`,
        baseline: `p95 ${plainP95.toFixed(1)} ms, p50 ${plainP50.toFixed(1)} ms, ${baselineName}`,
        ...{ ratio: p95 / plainP95, goal: `p95 < ${goalMs} ms`, met: p95 < goalMs },
        samples: { pageMs: ours, baselineMs: theirs },
      });
    }
    return rows;
  });
}

/** A number from 0 up to a limit, another for each attempt. */
export function some(attempt: number, limit: number): number {
  return (attempt * 7_919) % limit;
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

export function p95Of(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN;
}
