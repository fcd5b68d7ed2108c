import type { Grant } from '@dialog/access/grants';
import type { AccessPackageMetadata } from '@dialog/access/platform/access-package-metadata';
import type { ResourceRegistry } from '@dialog/access/platform/resource-registry';
import type { RoleMetadata } from '@dialog/access/platform/role-metadata';
import type { AuthorizationEvidence, GrantType } from '@dialog/contracts/dialog-lookup-view';
import { type AcceptedLanguages, inAcceptedLanguage, localized } from './accepted-languages.ts';
import type { ResourceDescription } from './describe-resource.ts';

export type EvidenceDeps = {
  roles: RoleMetadata;
  accessPackages: AccessPackageMetadata;
  resources: Pick<ResourceRegistry, 'pageOf'>;
};

type Reader = { authenticationLevel: number; languages: AcceptedLanguages };

/** What something is called, and where there is more of it. */
type Described = { names: ReadonlyMap<string, string> | undefined; fallback: string; metadata?: string };

/**
 * Tells an end user why they may see a dialog (end-user API, section 15.4). What has no name is called by its URN, and
 * nobody has more to tell of it.
 *
 * @param resource the service resource that the dialog is about
 * @throws UpstreamFailure when names are needed that have not been had for hours
 */
export async function authorizationEvidence(
  { roles, accessPackages, resources }: EvidenceDeps,
  grants: readonly Grant[],
  { id, resource }: Pick<ResourceDescription, 'id' | 'resource'>,
  { authenticationLevel, languages }: Reader,
): Promise<AuthorizationEvidence> {
  const isVia = (type: GrantType) => grants.some(({ grantType }) => grantType === type);
  const [namedRoles, namedPackages] = await Promise.all([
    isVia('Role') ? roles.bySubject() : undefined,
    isVia('AccessPackage') ? accessPackages.bySubject() : undefined,
  ]);
  return {
    currentAuthenticationLevel: authenticationLevel,
    viaRole: isVia('Role'),
    viaAccessPackage: isVia('AccessPackage'),
    viaResourceDelegation: isVia('ResourceDelegation'),
    viaInstanceDelegation: isVia('InstanceDelegation'),
    evidence: grants.map((grant) => {
      const { names, fallback, metadata } = described(grant);
      const name = inAcceptedLanguage(localized(names, fallback), languages);
      return { ...grant, name, links: metadata === undefined ? undefined : { metadata } };
    }),
  };

  function described({ grantType, subject }: Grant): Described {
    switch (grantType) {
      case 'Role':
        return { fallback: subject, names: undefined, ...namedRoles?.get(subject) };
      case 'AccessPackage':
        return { fallback: subject, names: undefined, ...namedPackages?.get(subject) };
      case 'ResourceDelegation':
        return { fallback: id, names: resource?.title, metadata: resources.pageOf(id) };
      case 'InstanceDelegation':
        return { fallback: subject, names: undefined };
    }
  }
}
