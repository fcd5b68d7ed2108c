import { hash } from 'node:crypto';
import { type CacheSettings, createFreshCache } from '@dialog/access/platform/fresh-cache';
import type { ServiceResourceMetadata } from '@dialog/contracts/metadata-view';
import type { Database } from '@dialog/database/open';
import * as partyResources from '@dialog/database/tables/party-resources';
import type { Logger } from '@dialog/telemetry/logger';
import type { AcceptedLanguages } from './accepted-languages.ts';
import { read } from './database-reads.ts';
import { metadataIn, type ServiceResourceMetadataDeps, serviceResourceMetadata } from './service-resource-metadata.ts';

export type CatalogueDeps = ServiceResourceMetadataDeps & { db: Database; log: Logger };

/** The list of all items as JSON, and a tag that is another one whenever the list is. */
type Rendered = { items: string; etag: string };

/** @throws UpstreamFailure or DatabaseUnavailable when the catalogue has not been made for a day */
export type Catalogue = { listIn: (languages: AcceptedLanguages) => Promise<Rendered> };

const cacheSettings: CacheSettings = {
  freshMs: 20 * 60_000,
  failSafeMs: 24 * 60 * 60_000,
  // The first time, each resource's policy has to be asked for.
  waitMs: 120_000,
  retryAfterMs: 30_000,
  entriesMax: 1,
};

/** Kept per catalogue. Readers ask for few orders of few languages; for others it is rendered each time. */
const rendersMax = 20;

/** All service resources that there is a dialog of; made anew now and then. */
export function createCatalogue(deps: CatalogueDeps): Catalogue {
  const renders = createFreshCache('catalogue', async () => rendersOf(await load()), {
    ...cacheSettings,
    log: deps.log,
  });
  return {
    async listIn(languages) {
      const listIn = (await renders.get('all')) ?? rendersOf([]);
      return listIn(languages);
    },
  };

  async function load(): Promise<ServiceResourceMetadata[]> {
    return serviceResourceMetadata(deps, await read(() => partyResources.distinctResources(deps.db)));
  }
}

/** Renders items for each order of languages once: anybody may ask, and of thousands of items it takes a while. */
function rendersOf(items: readonly ServiceResourceMetadata[]): (languages: AcceptedLanguages) => Rendered {
  const known = new Set(items.flatMap(languagesOf));
  const renders = new Map<string, Rendered>();
  return (languages) => {
    // Languages that no name is in make no difference.
    const wanted = (languages ?? []).filter((language) => known.has(language));
    const key = wanted.join();
    const kept = renders.get(key);
    if (kept !== undefined) return kept;
    const list = JSON.stringify(metadataIn(wanted, items));
    const rendered = { items: list, etag: `"${hash('sha256', list, 'base64url')}"` };
    if (renders.size < rendersMax) renders.set(key, rendered);
    return rendered;
  };
}

function languagesOf({ serviceResource, serviceOwner, roles, accessPackages }: ServiceResourceMetadata): string[] {
  const named = [serviceResource, serviceOwner, ...roles, ...accessPackages];
  return named.flatMap(({ name }) => name.map(({ languageCode }) => languageCode));
}
