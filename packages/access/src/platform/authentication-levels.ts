import type { Logger } from '@dialog/telemetry/logger';
import { parsePolicy } from '../policy.ts';
import { type CacheSettings, createFreshCache } from './fresh-cache.ts';
import { type Policies, policyIdOf } from './policies.ts';

/** Never throws: a policy that cannot be had or read is logged, and gives the level that it gave before, if any. */
export type AuthenticationLevels = { minimumLevelOf: (resourceUrn: string) => Promise<number | undefined> };

const cacheDefaults: CacheSettings = {
  freshMs: 6 * 60 * 60_000,
  failSafeMs: 24 * 60 * 60_000,
  waitMs: 5_000,
  retryAfterMs: 60_000,
  entriesMax: 20_000,
};

type Deps = { policies: Policies; log: Logger; cache?: Partial<CacheSettings> };

/** Minimum authentication levels by service resource, each from the resource's policy when it is first asked for. */
export function createAuthenticationLevels({ policies, log, cache }: Deps): AuthenticationLevels {
  const levels = createFreshCache('policies', load, { ...cacheDefaults, ...cache, log });
  /** Of policies that gave a level at least once. */
  const lastKnown = new Map<string, number>();

  return {
    async minimumLevelOf(resourceUrn) {
      const id = policyIdOf(resourceUrn);
      if (id === undefined) return undefined;
      try {
        return (await levels.get(id))?.level;
      } catch (err) {
        log.warn({ err, resource: id }, 'policy not read');
        return lastKnown.get(id);
      }
    },
  };

  async function load(id: string): Promise<{ level: number | undefined }> {
    const document = await policies.read(id);
    let level: number | undefined;
    try {
      if (document === undefined) throw new Error('The resource has no policy.');
      level = parsePolicy(document).minimumLevel;
    } catch (err) {
      // It will be no better when asked for at the next request.
      log.warn({ err, resource: id }, 'policy is missing or faulty');
      return { level: lastKnown.get(id) };
    }
    if (level === undefined) lastKnown.delete(id);
    else lastKnown.set(id, level);
    return { level };
  }
}
