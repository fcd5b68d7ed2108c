import { ConfigurationError, url } from '@dialog/telemetry/config';
import type { Logger } from '@dialog/telemetry/logger';
import { z } from 'zod';
import { type AccessPackageMetadata, createAccessPackageMetadata } from './access-package-metadata.ts';
import { type AuthenticationLevels, createAuthenticationLevels } from './authentication-levels.ts';
import { type AuthorisedParties, createAuthorisedParties } from './authorised-parties.ts';
import { createDecisionPoint, type DecisionPoint } from './decision-point.ts';
import type { CacheSettings } from './fresh-cache.ts';
import { createUpstream, type UpstreamSettings } from './http.ts';
import { createOrganisations, type Organisations } from './organisations.ts';
import { createPartyNames, type PartyNames } from './party-names.ts';
import { createPlatformCall } from './platform-call.ts';
import { createPlatformTokens, type PlatformClient } from './platform-token.ts';
import { createPolicies, type Policies } from './policies.ts';
import { createProbes, type PlatformProbes } from './probes.ts';
import { createRepresentedParties, type RepresentedParties } from './represented-parties.ts';
import { createResourceRegistry, type ResourceRegistry } from './resource-registry.ts';
import { createRoleMetadata, type RoleMetadata } from './role-metadata.ts';
import { createSubjectResources, type SubjectResources } from './subject-resources.ts';
import { createUpdatedPairs, type UpdatedPairs } from './updated-pairs.ts';

export type PlatformSettings = {
  platformUrl: string;
  /** Where the list of service owners is. */
  cdnUrl: string;
  maskinportenUrl: string;
  subscriptionKey?: string | undefined;
  /** Who we are to Maskinporten. Without, calls that need a token are made without one. */
  client?: PlatformClient | undefined;
};

/** What the services ask of the Altinn platform. */
export type Platform = {
  resources: ResourceRegistry;
  organisations: Organisations;
  partyNames: PartyNames;
  subjectResources: SubjectResources;
  updatedPairs: UpdatedPairs;
  policies: Policies;
  authenticationLevels: AuthenticationLevels;
  roles: RoleMetadata;
  accessPackages: AccessPackageMetadata;
  authorisedParties: AuthorisedParties;
  representedParties: RepresentedParties;
  decisionPoint: DecisionPoint;
  probes: PlatformProbes;
};

/** No connection is made before the first question. */
export function openPlatform(
  settings: PlatformSettings,
  {
    log,
    upstream: changed,
    cache,
  }: { log: Logger; upstream?: Partial<UpstreamSettings>; cache?: Partial<CacheSettings> },
): Platform {
  const { platformUrl, cdnUrl, maskinportenUrl, subscriptionKey, client } = settings;
  const upstream = createUpstream(changed ?? {}, log);
  const tokens = client && createPlatformTokens({ upstream, maskinportenUrl, platformUrl, client });
  const call = createPlatformCall({ upstream, platformUrl, tokens, subscriptionKey });
  const deps = { upstream, log, ...(cache !== undefined && { cache }) };
  const policies = createPolicies({ upstream, platformUrl });
  const updatedPairs = createUpdatedPairs({ upstream, platformUrl });
  const partyNames = createPartyNames({ ...deps, call });
  const rememberName = partyNames.remember;
  return {
    resources: createResourceRegistry({ ...deps, platformUrl }),
    organisations: createOrganisations({ ...deps, cdnUrl }),
    subjectResources: createSubjectResources({ ...deps, updatedPairs }),
    updatedPairs,
    policies,
    authenticationLevels: createAuthenticationLevels({ ...deps, policies }),
    roles: createRoleMetadata({ ...deps, platformUrl }),
    accessPackages: createAccessPackageMetadata({ ...deps, platformUrl }),
    partyNames,
    authorisedParties: createAuthorisedParties({ ...deps, call, rememberName }),
    representedParties: createRepresentedParties({ ...deps, call, rememberName }),
    decisionPoint: createDecisionPoint({ ...deps, call }),
    probes: createProbes({ upstream, platformUrl, cdnUrl, tokens }),
  };
}

/** Scopes of the one token by which we call the platform. */
const platformScopes = [
  ...['altinn:events.publish', 'altinn:events.publish.admin', 'altinn:register/partylookup.admin'],
  ...['altinn:authorization/authorize.admin', 'altinn:accessmanagement/authorizedparties.admin'],
];

const baseUrl = url(['https', 'http']).transform((text) => text.replace(/\/+$/, ''));

/** A private RSA key as base64-encoded JSON, the form in which such keys are handed out. */
const encodedJwk = z.string().transform((text, context): PlatformClient['jwk'] => {
  const parsed = privateJwk.safeParse(jsonOf(Buffer.from(text, 'base64').toString()));
  if (parsed.success) return parsed.data;
  context.addIssue({ code: 'custom', message: 'must be a private RSA key as JWK with a kid, JSON in base64' });
  return z.NEVER;
});
const privateJwk = z.looseObject({
  ...{ kty: z.literal('RSA'), kid: z.string(), n: z.string(), e: z.string(), d: z.string() },
  ...{ p: z.string(), q: z.string(), dp: z.string(), dq: z.string(), qi: z.string() },
});

/**
 * Environment variables of a service that calls the platform, to be spread into its own schema.
 * `ALTINN_PLATFORM_URL` is enough: where Maskinporten and the CDN are follows from it.
 */
export const platformVariables = {
  ALTINN_PLATFORM_URL: baseUrl,
  ALTINN_CDN_URL: baseUrl.optional(),
  ALTINN_SUBSCRIPTION_KEY: z.string().optional(),
  MASKINPORTEN_URL: baseUrl.optional(),
  MASKINPORTEN_CLIENT_ID: z.string().optional(),
  MASKINPORTEN_CLIENT_JWK: encodedJwk.optional(),
};

/**
 * The settings in the variables; for use in the transform of a service's schema.
 *
 * @throws ConfigurationError when only one of the two Maskinporten variables that belong together is there
 */
export function platformSettings(env: z.infer<z.ZodObject<typeof platformVariables>>): PlatformSettings {
  const { ALTINN_PLATFORM_URL: platformUrl, MASKINPORTEN_CLIENT_ID: clientId, MASKINPORTEN_CLIENT_JWK: jwk } = env;
  if ((clientId === undefined) !== (jwk === undefined)) {
    const missing = clientId === undefined ? 'MASKINPORTEN_CLIENT_ID' : 'MASKINPORTEN_CLIENT_JWK';
    throw new ConfigurationError(`${missing}: must be set, as the other of the two MASKINPORTEN_CLIENT_… is`);
  }
  const companions = companionsOf(platformUrl);
  return {
    platformUrl,
    cdnUrl: env.ALTINN_CDN_URL ?? companions.cdnUrl,
    maskinportenUrl: env.MASKINPORTEN_URL ?? companions.maskinportenUrl,
    subscriptionKey: env.ALTINN_SUBSCRIPTION_KEY,
    client: clientId !== undefined && jwk !== undefined ? { clientId, jwk, scopes: platformScopes } : undefined,
  };
}

/** The real platform has its own Maskinporten and CDN for production and for test; anything else has all at one address. */
function companionsOf(platformUrl: string): { cdnUrl: string; maskinportenUrl: string } {
  const { hostname } = new URL(platformUrl);
  const cdnUrl = 'https://altinncdn.no';
  if (hostname === 'platform.altinn.no') return { cdnUrl, maskinportenUrl: 'https://maskinporten.no' };
  if (/^platform\.\w+\.altinn\.(no|cloud)$/.test(hostname)) {
    return { cdnUrl, maskinportenUrl: 'https://test.maskinporten.no' };
  }
  return { cdnUrl: platformUrl, maskinportenUrl: platformUrl };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
