import { justAfter, type Timestamp, timestamp } from '@dialog/contracts/timestamp';
import type { Logger } from '@dialog/telemetry/logger';
import { z } from 'zod';
import { UpstreamFailure } from '../upstream-failure.ts';
import { type CacheSettings, createFreshCache } from './fresh-cache.ts';
import type { Upstream } from './http.ts';

/**
 * Which subject (a role, an access package) gives something on which resource, both ways. URNs, in lower case; what
 * gives nothing is not there. The maps go on changing as the registry does: ask them, and do not keep them.
 */
export type SubjectResourceTable = {
  resourcesOf: ReadonlyMap<string, ReadonlySet<string>>;
  subjectsOf: ReadonlyMap<string, ReadonlySet<string>>;
};

/** @throws UpstreamFailure when the registry has not answered for a day */
export type SubjectResources = { table: () => Promise<SubjectResourceTable> };

const cacheDefaults: CacheSettings = {
  freshMs: 20 * 60_000,
  failSafeMs: 24 * 60 * 60_000,
  waitMs: 30_000,
  retryAfterMs: 30_000,
  entriesMax: 1,
};

/** The registry sends no more at a time. */
const pagePairsMax = 1_000;
/** Far beyond what there is, in case a page names itself as the next. */
const pagesMax = 5_000;
const beginningOfTime = '0001-01-01T00:00:00.0000000+00:00';

const urn = z.string().transform((text) => text.replaceAll(/\s/g, '').toLowerCase());
const pageSchema = z.object({
  links: z.object({ next: z.string().nullish() }).nullish(),
  data: z.array(z.object({ subjecturn: urn, resourceurn: urn, updatedat: timestamp, deleted: z.boolean() })).nullish(),
});
type Pair = NonNullable<z.output<typeof pageSchema>['data']>[number];

type Deps = {
  upstream: Upstream;
  platformUrl: string;
  log: Logger;
  cache?: Partial<CacheSettings>;
  pagePairs?: number;
};

/**
 * The table that the registry makes of its policies. It is read once from the beginning, a thousand pairs at a time, and
 * from then on only what has changed since; the changes of one reading become visible together.
 */
export function createSubjectResources({ upstream, platformUrl, log, cache, pagePairs }: Deps): SubjectResources {
  const resourcesOf = new Map<string, Set<string>>();
  const subjectsOf = new Map<string, Set<string>>();
  let newest: Timestamp | undefined;

  const tables = createFreshCache('subjects and resources', load, { ...cacheDefaults, ...cache, log });
  return {
    async table() {
      return (await tables.get('all')) ?? { resourcesOf, subjectsOf };
    },
  };

  async function load(): Promise<SubjectResourceTable> {
    const pairs = await readSince(newest);
    for (const { subjecturn: subject, resourceurn: resource, updatedat, deleted } of pairs) {
      if (deleted) {
        remove(resourcesOf, subject, resource);
        remove(subjectsOf, resource, subject);
      } else {
        add(resourcesOf, subject, resource);
        add(subjectsOf, resource, subject);
      }
      if (newest === undefined || newest < updatedat) newest = updatedat;
    }
    log.info({ pairCount: pairs.length, resourceCount: subjectsOf.size }, 'subjects and resources read');
    return { resourcesOf, subjectsOf };
  }

  async function readSince(since: Timestamp | undefined): Promise<Pair[]> {
    const operation = 'updated subjects and resources';
    const pairs: Pair[] = [];
    let next: string | null = firstPage(since);
    for (let pages = 0; next !== null; pages += 1) {
      if (pages >= pagesMax) throw new UpstreamFailure(operation, `more than ${pagesMax} pages`);
      const page: z.output<typeof pageSchema> = await upstream.readJson(
        { operation, url: `${platformUrl}${next}` },
        pageSchema,
      );
      const data = page.data ?? [];
      for (const pair of data) pairs.push(pair);
      next = data.length === 0 ? null : pathAndQuery(page.links?.next, operation);
    }
    return pairs;
  }

  function firstPage(since: Timestamp | undefined): string {
    const from = since === undefined ? beginningOfTime : justAfter(since).replace('Z', '+00:00');
    const query = new URLSearchParams({ since: from, limit: String(pagePairs ?? pagePairsMax) });
    return `/resourceregistry/api/v1/resource/updated?${query}`;
  }

  /** The link may name a host that only the platform's own network knows. */
  function pathAndQuery(link: string | null | undefined, operation: string): string | null {
    if (!link) return null;
    const url = URL.parse(link, platformUrl);
    if (url === null) throw new UpstreamFailure(operation, 'the next page is no address');
    return `${url.pathname}${url.search}`;
  }
}

function add(sets: Map<string, Set<string>>, key: string, value: string): void {
  const known = sets.get(key);
  if (known === undefined) sets.set(key, new Set([value]));
  else known.add(value);
}

function remove(sets: Map<string, Set<string>>, key: string, value: string): void {
  const known = sets.get(key);
  if (known?.delete(value) && known.size === 0) sets.delete(key);
}
