import type { AccessPackageMetadata } from '@dialog/access/platform/access-package-metadata';
import type { ResourceRegistry } from '@dialog/access/platform/resource-registry';
import type { RoleMetadata } from '@dialog/access/platform/role-metadata';
import type { NamedSubject } from '@dialog/access/platform/subject-metadata';
import type { SubjectResources } from '@dialog/access/platform/subject-resources';
import type { Localization } from '@dialog/contracts/localization';
import type { ServiceResourceMetadata, SubjectView } from '@dialog/contracts/metadata-view';
import { type AcceptedLanguages, inAcceptedLanguage, localized } from './accepted-languages.ts';
import { describeResource, type ResourceDescriptionDeps } from './describe-resource.ts';

export type ServiceResourceMetadataDeps = ResourceDescriptionDeps & {
  resources: Pick<ResourceRegistry, 'resource' | 'pageOf'>;
  subjectResources: SubjectResources;
  roles: RoleMetadata;
  accessPackages: AccessPackageMetadata;
};

/** Resources described at a time: each may cost a request to the registry, which is not ours to flood. */
const describedAtOnceMax = 15;

/**
 * Some service resources for people, in all languages, in the order given. A resource that the registry no longer knows
 * is shown all the same, with its id as its name.
 *
 * @param urns in lower case
 * @throws UpstreamFailure when the platform has to be asked and is away
 */
export async function serviceResourceMetadata(
  deps: ServiceResourceMetadataDeps,
  urns: readonly string[],
): Promise<ServiceResourceMetadata[]> {
  const [{ subjectsOf }, roles, accessPackages] = await Promise.all([
    deps.subjectResources.table(),
    deps.roles.bySubject(),
    deps.accessPackages.bySubject(),
  ]);
  const items: ServiceResourceMetadata[] = [];
  for (let first = 0; first < urns.length; first += describedAtOnceMax) {
    const described = urns.slice(first, first + describedAtOnceMax).map(async (urn) => {
      const subjects = subjectsOf.get(urn) ?? new Set();
      return {
        ...(await describedWithOwner(deps, urn)),
        roles: knownSubjects(subjects, roles),
        accessPackages: knownSubjects(subjects, accessPackages),
      };
    });
    items.push(...(await Promise.all(described)));
  }
  return items;
}

async function describedWithOwner(
  deps: ServiceResourceMetadataDeps,
  urn: string,
): Promise<Pick<ServiceResourceMetadata, 'serviceResource' | 'serviceOwner'>> {
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
export function metadataIn(
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
