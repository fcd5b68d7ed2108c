import { hash } from 'node:crypto';
import type { AccessPackageMetadata } from '@dialog/access/platform/access-package-metadata';
import { type CacheSettings, createFreshCache } from '@dialog/access/platform/fresh-cache';
import type { ResourceRegistry } from '@dialog/access/platform/resource-registry';
import type { RoleMetadata } from '@dialog/access/platform/role-metadata';
import type { NamedSubject } from '@dialog/access/platform/subject-metadata';
import type { SubjectResources } from '@dialog/access/platform/subject-resources';
import type { Localization } from '@dialog/contracts/localization';
import type { ServiceResourceMetadata, SubjectView } from '@dialog/contracts/metadata-view';
import type { Database } from '@dialog/database/open';
import * as partyResources from '@dialog/database/tables/party-resources';
import type { Logger } from '@dialog/telemetry/logger';
import { type AcceptedLanguages, inAcceptedLanguage, localized } from './accepted-languages.ts';
import { read } from './database-reads.ts';
import { describeResource, type ResourceDescriptionDeps } from './describe-resource.ts';

export type CatalogueDeps = ResourceDescriptionDeps & {
  db: Database;
  resources: Pick<ResourceRegistry, 'resource' | 'pageOf'>;
  subjectResources: SubjectResources;
  roles: RoleMetadata;
  accessPackages: AccessPackageMetadata;
  log: Logger;
};

/** The JSON of the whole list, and a tag that is another one whenever the JSON is. */
type Rendered = { json: string; etag: string };

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

/** Resources described at a time: each may cost a request to the registry, which is not ours to flood. */
const describedAtOnceMax = 15;

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

  async function load(): Promise<readonly ServiceResourceMetadata[]> {
    const [urns, { subjectsOf }, roles, accessPackages] = await Promise.all([
      read(() => partyResources.distinctResources(deps.db)),
      deps.subjectResources.table(),
      deps.roles.bySubject(),
      deps.accessPackages.bySubject(),
    ]);
    const items: ServiceResourceMetadata[] = [];
    for (let first = 0; first < urns.length; first += describedAtOnceMax) {
      const described = urns.slice(first, first + describedAtOnceMax).map(async (urn) => {
        const subjects = subjectsOf.get(urn) ?? new Set();
        return {
          ...(await describedIn(urn)),
          roles: knownSubjects(subjects, roles),
          accessPackages: knownSubjects(subjects, accessPackages),
        };
      });
      items.push(...(await Promise.all(described)));
    }
    return items;
  }

  async function describedIn(urn: string): Promise<Pick<ServiceResourceMetadata, 'serviceResource' | 'serviceOwner'>> {
    const { id, resource, minimumAuthenticationLevel, ownerNames } = await describeResource(deps, urn);
    const code = resource?.org ?? '';
    return {
      serviceResource: {
        id,
        resourceType: resource?.type ?? '',
        status: resource?.status ?? '',
        isDelegable: resource?.delegable ?? false,
        minimumAuthenticationLevel,
        name: localized(resource?.title, id),
        links: { metadata: deps.resources.pageOf(id) },
      },
      serviceOwner: {
        orgNumber: resource?.orgNumber ?? '',
        code,
        name: code === '' ? [] : localized(ownerNames, code),
      },
    };
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
    const json = JSON.stringify({ items: catalogueIn(wanted, items) });
    const rendered = { json, etag: `"${hash('sha256', json, 'base64url')}"` };
    if (renders.size < rendersMax) renders.set(key, rendered);
    return rendered;
  };
}

function languagesOf({ serviceResource, serviceOwner, roles, accessPackages }: ServiceResourceMetadata): string[] {
  const named = [serviceResource, serviceOwner, ...roles, ...accessPackages];
  return named.flatMap(({ name }) => name.map(({ languageCode }) => languageCode));
}

/** Of some subjects, those that the platform has a name for, each once. */
function knownSubjects(subjects: ReadonlySet<string>, named: ReadonlyMap<string, NamedSubject>): SubjectView[] {
  const byUrn = new Map<string, SubjectView>();
  for (const subject of subjects) {
    const known = named.get(subject);
    if (known === undefined) continue;
    const { urn, names, metadata } = known;
    byUrn.set(urn.toLowerCase(), { urn, name: localized(names, urn), links: { metadata } });
  }
  return [...byUrn.values()];
}

/** The items as a caller reads them: names in its language, and in the order of these names. */
export function catalogueIn(
  languages: AcceptedLanguages,
  items: readonly ServiceResourceMetadata[],
): ServiceResourceMetadata[] {
  const inLanguage = <Named extends { name: Localization[] }>(named: Named): Named => ({
    ...named,
    name: inAcceptedLanguage(named.name, languages),
  });
  const shown = items.map((item) => ({
    ...item,
    serviceResource: inLanguage(item.serviceResource),
    roles: sortedBy(item.roles.map(inLanguage), (role) => [nameOf(role), role.urn]),
    accessPackages: sortedBy(item.accessPackages.map(inLanguage), (one) => [nameOf(one), one.urn]),
    serviceOwner: inLanguage(item.serviceOwner),
  }));
  return sortedBy(shown, ({ serviceResource }) => [nameOf(serviceResource), serviceResource.id]);
}

const collator = new Intl.Collator('nb', { sensitivity: 'accent' });

function sortedBy<Item>(items: readonly Item[], keysOf: (item: Item) => [string, string]): Item[] {
  const keyed = items.map((item) => ({ item, keys: keysOf(item) }));
  keyed.sort(({ keys: a }, { keys: b }) => collator.compare(a[0], b[0]) || collator.compare(a[1], b[1]));
  return keyed.map(({ item }) => item);
}

function nameOf({ name }: { name: readonly Localization[] }): string {
  const best =
    name.find(({ languageCode }) => languageCode === 'nb') ?? name.find(({ languageCode }) => languageCode === 'en');
  return (best ?? name[0])?.value ?? '';
}
