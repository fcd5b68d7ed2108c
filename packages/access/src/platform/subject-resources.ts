import type { Timestamp } from '@dialog/contracts/timestamp';
import type { Logger } from '@dialog/telemetry/logger';
import { type CacheSettings, createFreshCache } from './fresh-cache.ts';
import type { UpdatedPairs } from './updated-pairs.ts';

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

type Deps = { updatedPairs: UpdatedPairs; log: Logger; cache?: Partial<CacheSettings> };

/**
 * The table that the registry makes of its policies. It is read once from the beginning, a thousand pairs at a time, and
 * from then on only what has changed since; the changes of one reading become visible together.
 */
export function createSubjectResources({ updatedPairs, log, cache }: Deps): SubjectResources {
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
    const pairs = await updatedPairs.since(newest);
    for (const { subject, resource, updatedAt, deleted } of pairs) {
      if (deleted) {
        remove(resourcesOf, subject, resource);
        remove(subjectsOf, resource, subject);
      } else {
        add(resourcesOf, subject, resource);
        add(subjectsOf, resource, subject);
      }
      if (newest === undefined || newest < updatedAt) newest = updatedAt;
    }
    log.info({ pairCount: pairs.length, resourceCount: subjectsOf.size }, 'subjects and resources read');
    return { resourcesOf, subjectsOf };
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
