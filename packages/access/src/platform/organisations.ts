import type { Logger } from '@dialog/telemetry/logger';
import { z } from 'zod';
import { type CacheSettings, createFreshCache } from './fresh-cache.ts';
import type { Upstream } from './http.ts';
import { textsByLanguage } from './resource-registry.ts';

/** A service owner's short name and its names by language code. */
export type Organisation = { org: string; names: ReadonlyMap<string, string> };

/**
 * The public list of service owners, by organisation number. For names; what a caller's short name is, the token and the
 * resource registry say.
 *
 * @throws UpstreamFailure when the list has not been had for a day
 */
export type Organisations = { organisation: (orgNumber: string) => Promise<Organisation | undefined> };

const cacheDefaults: CacheSettings = {
  freshMs: 24 * 60 * 60_000,
  failSafeMs: 26 * 60 * 60_000,
  waitMs: 5_000,
  retryAfterMs: 60_000,
  entriesMax: 1,
};

const organisationList = z.object({
  orgs: z.record(
    z.string(),
    z.object({ orgnr: z.string().nullish(), name: z.record(z.string(), z.string().nullable()).nullish() }),
  ),
});

type Deps = { upstream: Upstream; cdnUrl: string; log: Logger; cache?: Partial<CacheSettings> };

export function createOrganisations({ upstream, cdnUrl, log, cache }: Deps): Organisations {
  const lists = createFreshCache('organisation list', load, { ...cacheDefaults, ...cache, log });
  return {
    async organisation(orgNumber) {
      return (await lists.get('all'))?.get(orgNumber);
    },
  };

  async function load(): Promise<ReadonlyMap<string, Organisation>> {
    const url = `${cdnUrl}/orgs/altinn-orgs.json`;
    const { orgs } = await upstream.readJson({ operation: 'organisation list', url }, organisationList);
    const byNumber = new Map<string, Organisation>();
    for (const [org, { orgnr, name }] of Object.entries(orgs)) {
      // One faulty entry must not cost the others their names.
      if (!orgnr || byNumber.has(orgnr))
        log.warn({ org, orgnr }, 'organisation without number, or a second one with it');
      else byNumber.set(orgnr, { org, names: textsByLanguage(name) });
    }
    return byNumber;
  }
}
