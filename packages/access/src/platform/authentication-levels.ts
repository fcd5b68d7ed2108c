import type { Logger } from '@dialog/telemetry/logger';
import { parsePolicy } from '../policy.ts';
import { UpstreamFailure } from '../upstream-failure.ts';
import { type CacheSettings, createFreshCache } from './fresh-cache.ts';
import type { Upstream } from './http.ts';

/** Never throws: a policy that cannot be had or read is logged, and gives the level that it gave before, if any. */
export type AuthenticationLevels = { minimumLevelOf: (resourceUrn: string) => Promise<number | undefined> };

const cacheDefaults: CacheSettings = {
  freshMs: 6 * 60 * 60_000,
  failSafeMs: 24 * 60 * 60_000,
  waitMs: 5_000,
  retryAfterMs: 60_000,
  entriesMax: 20_000,
};

/** Services of the platform before this one. They have no policy. */
const withoutPolicy = 'se_';

type Deps = { upstream: Upstream; platformUrl: string; log: Logger; cache?: Partial<CacheSettings> };

/** Minimum authentication levels by service resource, each from the resource's policy when it is first asked for. */
export function createAuthenticationLevels({ upstream, platformUrl, log, cache }: Deps): AuthenticationLevels {
  const levels = createFreshCache('policies', load, { ...cacheDefaults, ...cache, log });
  /** Of policies that gave a level at least once. */
  const lastKnown = new Map<string, number>();

  return {
    async minimumLevelOf(resourceUrn) {
      const urn = resourceUrn.toLowerCase();
      const id = urn.slice(urn.lastIndexOf(':') + 1);
      if (id === '' || id.startsWith(withoutPolicy)) return undefined;
      try {
        return (await levels.get(id))?.level;
      } catch (err) {
        log.warn({ err, resource: id }, 'policy not read');
        return lastKnown.get(id);
      }
    },
  };

  async function load(id: string): Promise<{ level: number | undefined }> {
    const policy = await read(id);
    if (policy.kind === 'faulty') {
      // It will be no better when asked for at the next request.
      log.warn({ err: policy.err, resource: id }, 'policy is missing or faulty');
      return { level: lastKnown.get(id) };
    }
    if (policy.level === undefined) lastKnown.delete(id);
    else lastKnown.set(id, policy.level);
    return { level: policy.level };
  }

  async function read(
    id: string,
  ): Promise<{ kind: 'read'; level: number | undefined } | { kind: 'faulty'; err: unknown }> {
    const url = `${platformUrl}/resourceregistry/api/v1/resource/${encodeURIComponent(id)}/policy`;
    let xml: string;
    try {
      xml = await upstream.readText({ operation: 'policy', url });
    } catch (err) {
      if (err instanceof UpstreamFailure && err.status === 404) return { kind: 'faulty', err };
      throw err;
    }
    try {
      return { kind: 'read', level: parsePolicy(xml).minimumLevel };
    } catch (err) {
      return { kind: 'faulty', err };
    }
  }
}
