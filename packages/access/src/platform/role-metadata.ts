import type { Logger } from '@dialog/telemetry/logger';
import { z } from 'zod';
import { type CacheSettings, createFreshCache } from './fresh-cache.ts';
import type { Upstream } from './http.ts';
import { metadataLanguages, type NamedSubject, subjectMetadataCache } from './subject-metadata.ts';

/** Roles by subject URN, in lower case; a role is found under each of its up to three. */
export type RoleMetadata = { bySubject: () => Promise<ReadonlyMap<string, NamedSubject>> };

const rolesSchema = z.array(
  z.object({
    id: z.string().nullish(),
    name: z.string().nullish(),
    urn: z.string().nullish(),
    legacyrolecode: z.string().nullish(),
    legacyurn: z.string().nullish(),
  }),
);

type Deps = { upstream: Upstream; platformUrl: string; log: Logger; cache?: Partial<CacheSettings> };

/** @throws UpstreamFailure when the roles have not been had for two hours */
export function createRoleMetadata({ upstream, platformUrl, log, cache }: Deps): RoleMetadata {
  const address = `${platformUrl}/accessmanagement/api/v1/meta/info/roles`;
  const roles = createFreshCache('role metadata', load, { ...subjectMetadataCache, ...cache, log });
  return {
    async bySubject() {
      return (await roles.get('all')) ?? new Map();
    },
  };

  async function load(): Promise<ReadonlyMap<string, NamedSubject>> {
    const bySubject = new Map<string, NamedSubject>();
    const byUrn = new Map<string, NamedSubject>();
    const inLanguages = await Promise.all(metadataLanguages.map(readIn));
    for (const [at, language] of metadataLanguages.entries()) {
      for (const { id, name, urn, legacyrolecode, legacyurn } of inLanguages[at] ?? []) {
        const shownUrn = legacyurn || urn;
        if (!id || !shownUrn) continue;
        const role = byUrn.get(shownUrn) ?? {
          urn: shownUrn,
          names: new Map(),
          metadata: `${address}/${encodeURIComponent(id)}`,
        };
        byUrn.set(shownUrn, role);
        if (name && !role.names.has(language)) role.names.set(language, name);
        const code = legacyrolecode && `urn:altinn:rolecode:${legacyrolecode}`;
        for (const subject of [legacyurn, urn, code]) {
          if (subject && !bySubject.has(subject.toLowerCase())) bySubject.set(subject.toLowerCase(), role);
        }
      }
    }
    return bySubject;
  }

  function readIn(language: string): Promise<z.infer<typeof rolesSchema>> {
    const request = { operation: 'role metadata', url: address, headers: { 'Accept-Language': language } };
    return upstream.readJson(request, rolesSchema);
  }
}
