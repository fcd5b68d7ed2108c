import { UpstreamFailure } from '../upstream-failure.ts';
import type { Upstream } from './http.ts';

export type Policies = {
  /**
   * The XACML document of a resource as the registry has it now; undefined for a resource that has none.
   *
   * @throws UpstreamFailure when nobody can tell
   */
  read: (resourceUrn: string) => Promise<string | undefined>;
};

/** Services of the platform before this one. They have no policy. */
const withoutPolicy = 'se_';

/** By what the registry knows a resource's policy; undefined for a resource of a kind that has none. */
export function policyIdOf(resourceUrn: string): string | undefined {
  const id = resourceUrn.slice(resourceUrn.lastIndexOf(':') + 1).toLowerCase();
  return id === '' || id.startsWith(withoutPolicy) ? undefined : id;
}

/** Asks the resource registry at every call (Altinn platform, section 5.4). */
export function createPolicies({ upstream, platformUrl }: { upstream: Upstream; platformUrl: string }): Policies {
  return {
    async read(resourceUrn) {
      const id = policyIdOf(resourceUrn);
      if (id === undefined) return undefined;
      const url = `${platformUrl}/resourceregistry/api/v1/resource/${encodeURIComponent(id)}/policy`;
      try {
        return await upstream.readText({ operation: 'policy', url });
      } catch (err) {
        if (err instanceof UpstreamFailure && err.status === 404) return undefined;
        throw err;
      }
    },
  };
}
