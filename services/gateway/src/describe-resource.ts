import type { AuthenticationLevels } from '@dialog/access/platform/authentication-levels';
import type { Organisations } from '@dialog/access/platform/organisations';
import type { Resource, ResourceRegistry } from '@dialog/access/platform/resource-registry';

export type ResourceDescriptionDeps = {
  resources: Pick<ResourceRegistry, 'resource'>;
  organisations: Organisations;
  authenticationLevels: AuthenticationLevels;
};

/** A service resource and its owner, for people. */
export type ResourceDescription = {
  /** Without the prefix of the URN. */
  id: string;
  /** Undefined for one that the registry does not know, or no longer. */
  resource: Resource | undefined;
  minimumAuthenticationLevel: number;
  /** By language code. */
  ownerNames: ReadonlyMap<string, string> | undefined;
};

/** What a service demands of whose policy says nothing (authorization, section 13). */
const levelWhenUnknown = 3;

/** @throws UpstreamFailure when the registry or the list of organisations is needed and away */
export async function describeResource(
  { resources, organisations, authenticationLevels }: ResourceDescriptionDeps,
  urn: string,
): Promise<ResourceDescription> {
  const [resource, level] = await Promise.all([resources.resource(urn), authenticationLevels.minimumLevelOf(urn)]);
  const owner = resource && (await organisations.organisation(resource.orgNumber));
  return {
    id: urn.slice(urn.lastIndexOf(':') + 1),
    resource,
    minimumAuthenticationLevel: level ?? levelWhenUnknown,
    ownerNames: owner?.names,
  };
}
