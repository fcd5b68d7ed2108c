import type { Logger } from '@dialog/telemetry/logger';
import { z } from 'zod';
import { type CacheSettings, createFreshCache } from './fresh-cache.ts';
import type { Upstream } from './http.ts';
import { metadataLanguages, type NamedSubject, subjectMetadataCache } from './subject-metadata.ts';

/** Access packages by their URN, in lower case. */
export type AccessPackageMetadata = { bySubject: () => Promise<ReadonlyMap<string, NamedSubject>> };

function listOf<Item extends z.ZodType>(item: Item) {
  return z
    .array(item)
    .nullish()
    .transform((list) => list ?? []);
}

const accessPackage = z.object({ name: z.string().nullish(), urn: z.string().nullish() });
const exportSchema = listOf(z.object({ areas: listOf(z.object({ packages: listOf(accessPackage) })) }));

type Deps = { upstream: Upstream; platformUrl: string; log: Logger; cache?: Partial<CacheSettings> };

/** @throws UpstreamFailure when the packages have not been had for two hours */
export function createAccessPackageMetadata({ upstream, platformUrl, log, cache }: Deps): AccessPackageMetadata {
  const address = `${platformUrl}/accessmanagement/api/v1/meta/info/accesspackages`;
  const packages = createFreshCache('access packages', load, { ...subjectMetadataCache, ...cache, log });
  return {
    async bySubject() {
      return (await packages.get('all')) ?? new Map();
    },
  };

  async function load(): Promise<ReadonlyMap<string, NamedSubject>> {
    const bySubject = new Map<string, NamedSubject>();
    const inLanguages = await Promise.all(metadataLanguages.map(readIn));
    for (const [at, language] of metadataLanguages.entries()) {
      for (const { name, urn } of inLanguages[at] ?? []) {
        if (!urn) continue;
        const metadata = `${address}/package/urn/${encodeURIComponent(urn)}`;
        const known = bySubject.get(urn.toLowerCase()) ?? { urn, names: new Map(), metadata };
        bySubject.set(urn.toLowerCase(), known);
        if (name && !known.names.has(language)) known.names.set(language, name);
      }
    }
    return bySubject;
  }

  async function readIn(language: string): Promise<z.infer<typeof accessPackage>[]> {
    const groups = await upstream.readJson(
      { operation: 'access packages', url: `${address}/export`, headers: { 'Accept-Language': language } },
      exportSchema,
    );
    return groups.flatMap(({ areas }) => areas.flatMap(({ packages }) => packages));
  }
}
