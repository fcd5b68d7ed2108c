import { UpstreamFailure } from '../upstream-failure.ts';
import type { Upstream } from './http.ts';
import { clientVariables, type PlatformTokens } from './platform-token.ts';

/** Each asks one part of the platform, past all caches. @throws UpstreamFailure when there is no answer */
export type PlatformProbes = {
  organisationList: () => Promise<void>;
  roleMetadata: () => Promise<void>;
  /** Whether we are let in: Maskinporten knows us and gives us all scopes, and Altinn exchanges the token. */
  token: () => Promise<void>;
};

type Deps = { upstream: Upstream; platformUrl: string; cdnUrl: string; tokens: PlatformTokens | undefined };

export function createProbes({ upstream, platformUrl, cdnUrl, tokens }: Deps): PlatformProbes {
  return {
    async organisationList() {
      await upstream.readText({ operation: 'organisation list', url: `${cdnUrl}/orgs/altinn-orgs.json` });
    },
    async roleMetadata() {
      const url = `${platformUrl}/accessmanagement/api/v1/meta/info/roles`;
      await upstream.readText({ operation: 'role metadata', url });
    },
    async token() {
      if (tokens === undefined) throw new UpstreamFailure('platform token', `${clientVariables} are not set`);
      await tokens.current();
    },
  };
}
