import type { Rights } from '@dialog/contracts/commands';
import type { JWTPayload } from 'jose';
import { organisationOf } from './organisation-claim.ts';

/** Scopes of the service owner API (section 2.2). */
export const scopes = {
  serviceProvider: 'digdir:dialogporten.serviceprovider',
  search: 'digdir:dialogporten.serviceprovider.search',
  changeTransmissions: 'digdir:dialogporten.serviceprovider.changetransmissions',
  admin: 'digdir:dialogporten.serviceprovider.admin',
  legacyHtml: 'digdir:dialogporten.serviceprovider.legacyhtml',
  correspondence: 'digdir:dialogporten.correspondence',
  notificationCondition: 'altinn:system/notifications.condition.check',
} as const;
export type Scope = (typeof scopes)[keyof typeof scopes];

/** An organisation that calls the service owner API. `org` is its short name, in lower case. */
export type ServiceOwner = { org: string; orgNumber: string; scopes: ReadonlySet<string>; rights: Rights };

export type ServiceOwnerRefusal = 'scope-missing' | 'consumer-missing-or-invalid' | 'org-unknown';

export type Identification =
  | { kind: 'service-owner'; serviceOwner: ServiceOwner }
  | { kind: 'refused'; reason: ServiceOwnerRefusal };

/** `org` in the token beats the registry, which is asked only without it. */
type Deps = { orgCodeOf: (orgNumber: string) => Promise<string | undefined> };

/**
 * Tells from a verified token's claims who the service owner is, and what it may do beyond the ordinary.
 *
 * An organisation without a short name, neither in the token nor in the registry, owns nothing and could send nothing
 * that is kept under its name; it is refused.
 *
 * @throws UpstreamFailure when the registry is needed and away
 */
export async function identifyServiceOwner({ orgCodeOf }: Deps, claims: JWTPayload): Promise<Identification> {
  const organisation = identifyOrganisation(claims, scopes.serviceProvider);
  if (organisation.kind === 'refused') return organisation;
  const { orgNumber, scopes: granted } = organisation;
  const org = orgClaimOf(claims) ?? (await orgCodeOf(orgNumber));
  if (org === undefined) return { kind: 'refused', reason: 'org-unknown' };
  const rights = {
    admin: granted.has(scopes.admin),
    correspondence: granted.has(scopes.correspondence),
    legacyHtml: granted.has(scopes.legacyHtml),
  };
  return { kind: 'service-owner', serviceOwner: { org, orgNumber, scopes: granted, rights } };
}

/** Tells from a verified token's claims which organisation calls, if it was granted the scope. It may own nothing. */
export function identifyOrganisation(
  claims: JWTPayload,
  needed: Scope,
):
  | { kind: 'organisation'; orgNumber: string; scopes: ReadonlySet<string> }
  | { kind: 'refused'; reason: Exclude<ServiceOwnerRefusal, 'org-unknown'> } {
  const granted = scopesOf(claims);
  if (!granted.has(needed)) return { kind: 'refused', reason: 'scope-missing' };
  const orgNumber = organisationOf(claims.consumer);
  if (orgNumber === undefined) return { kind: 'refused', reason: 'consumer-missing-or-invalid' };
  return { kind: 'organisation', orgNumber, scopes: granted };
}

/** A scope claim is one string, scopes between blanks; a repeated claim arrives as a list of such strings. */
export function scopesOf({ scope }: JWTPayload): ReadonlySet<string> {
  const texts = Array.isArray(scope) ? scope : [scope];
  return new Set(texts.flatMap((text) => (typeof text === 'string' ? text.split(' ') : [])).filter(Boolean));
}

function orgClaimOf(claims: JWTPayload): string | undefined {
  const org = claims['urn:altinn:org'];
  return typeof org === 'string' && org.trim() !== '' ? org.trim().toLowerCase() : undefined;
}
