import type { Logger } from '@dialog/telemetry/logger';
import { z } from 'zod';
import { type CacheSettings, createFreshCache } from './fresh-cache.ts';
import type { Upstream } from './http.ts';

/** A service resource that dialogs can be about. Everything that is a code is in lower case. */
export type Resource = {
  /** `urn:altinn:resource:<identifier>` */
  urn: string;
  type: string;
  /** Short name of the service owner. */
  org: string;
  orgNumber: string;
  /** Empty when the registry gives none. */
  status: string;
  delegable: boolean;
  /** By language code. */
  title: ReadonlyMap<string, string>;
  description: ReadonlyMap<string, string>;
};

/** The first three throw UpstreamFailure when the list has not been had for a day. Otherwise a lookup is one in a map. */
export type ResourceRegistry = {
  /** Undefined for what the registry does not know, or that has no owner, or is of a type that no dialog can have. */
  resource: (urn: string) => Promise<Resource | undefined>;
  /** URNs. */
  resourcesOwnedBy: (orgNumber: string) => Promise<ReadonlySet<string>>;
  orgCodeOf: (orgNumber: string) => Promise<string | undefined>;
  /** Address of a resource's page in the registry, by the resource's id. */
  pageOf: (id: string) => string;
};

/** Ownership seldom changes, and a wrong owner for some minutes does little harm: what counts is that writes never wait. */
const cacheDefaults: CacheSettings = {
  freshMs: 20 * 60_000,
  failSafeMs: 26 * 60 * 60_000,
  waitMs: 10_000,
  retryAfterMs: 30_000,
  entriesMax: 1,
};

const supportedTypes = ['GenericAccessResource', 'AltinnApp', 'MigratedApp', 'CorrespondenceService'];

const texts = z.record(z.string(), z.string().nullable()).nullish();
const resourceList = z.array(
  z.object({
    identifier: z.string().min(1),
    hascompetentauthority: z.object({ organization: z.string().nullish(), orgcode: z.string().nullish() }).nullish(),
    resourcetype: z.string(),
    delegable: z.boolean(),
    status: z.string().nullish(),
    title: texts,
    description: texts,
  }),
);

type Deps = { upstream: Upstream; platformUrl: string; log: Logger; cache?: Partial<CacheSettings> };

export function createResourceRegistry({ upstream, platformUrl, log, cache }: Deps): ResourceRegistry {
  const indexes = createFreshCache('resource list', loadIndex, { ...cacheDefaults, ...cache, log });

  return {
    async resource(urn) {
      return (await index()).byUrn.get(urn.toLowerCase());
    },
    async resourcesOwnedBy(orgNumber) {
      return (await index()).urnsByOwner.get(orgNumber) ?? new Set();
    },
    async orgCodeOf(orgNumber) {
      return (await index()).orgByNumber.get(orgNumber);
    },
    pageOf: (id) => `${platformUrl}/resourceregistry/api/v1/resource/${encodeURIComponent(id)}`,
  };

  async function index(): Promise<Index> {
    return (await indexes.get('all')) ?? emptyIndex();
  }

  async function loadIndex(): Promise<Index> {
    const url = `${platformUrl}/resourceregistry/api/v1/resource/resourcelist?includeMigratedApps=true`;
    const list = await upstream.readJson({ operation: 'resource list', url }, resourceList);
    const built = indexOf(list);
    log.info({ resourceCount: built.byUrn.size }, 'resource list read');
    return built;
  }
}

type Index = {
  byUrn: Map<string, Resource>;
  urnsByOwner: Map<string, Set<string>>;
  orgByNumber: Map<string, string>;
};

function emptyIndex(): Index {
  return { byUrn: new Map(), urnsByOwner: new Map(), orgByNumber: new Map() };
}

function indexOf(list: z.infer<typeof resourceList>): Index {
  const index = emptyIndex();
  for (const entry of list) {
    const orgNumber = lowerCased(entry.hascompetentauthority?.organization);
    const org = lowerCased(entry.hascompetentauthority?.orgcode);
    if (orgNumber === '' || org === '' || !supportedTypes.includes(entry.resourcetype)) continue;
    const urn = `urn:altinn:resource:${entry.identifier}`.toLowerCase();
    if (index.byUrn.has(urn)) continue;
    index.byUrn.set(urn, {
      urn,
      type: entry.resourcetype.toLowerCase(),
      org,
      orgNumber,
      status: lowerCased(entry.status),
      delegable: entry.delegable,
      title: textsByLanguage(entry.title),
      description: textsByLanguage(entry.description),
    });
    const owned = index.urnsByOwner.get(orgNumber) ?? new Set();
    index.urnsByOwner.set(orgNumber, owned.add(urn));
    if (!index.orgByNumber.has(orgNumber)) index.orgByNumber.set(orgNumber, org);
  }
  return index;
}

function lowerCased(text: string | null | undefined): string {
  return (text ?? '').trim().toLowerCase();
}

/** Blank languages and texts are dropped; of two spellings of a language, the first counts. */
export function textsByLanguage(texts: Record<string, string | null> | null | undefined): Map<string, string> {
  const byLanguage = new Map<string, string>();
  for (const [language, text] of Object.entries(texts ?? {})) {
    const code = lowerCased(language);
    if (code !== '' && text !== null && text.trim() !== '' && !byLanguage.has(code)) byLanguage.set(code, text);
  }
  return byLanguage;
}
