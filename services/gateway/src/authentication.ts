import {
  type EndUser,
  type EndUserRefusal,
  endUserScopes,
  endUserTypes,
  identifyEndUser,
  identifyUser,
  type UserType,
} from '@dialog/access/end-user';
import {
  identifyOrganisation,
  identifyServiceOwner,
  type Scope,
  type ServiceOwner,
  type ServiceOwnerRefusal,
  scopes,
  scopesOf,
} from '@dialog/access/service-owner';
import { bearerToken, type TokenRefusal, type TokenVerifier, type Verification } from '@dialog/access/tokens';
import { UpstreamFailure } from '@dialog/access/upstream-failure';
import type { Validated } from '@dialog/contracts/validate';
import type { MiddlewareHandler } from 'hono';
import type { GatewayContext, GatewayEnv } from './gateway-app.ts';
import { forbidden, invalid } from './problem-response.ts';
import { endUserId } from './request-parameters.ts';

type Claims = Extract<Verification, { kind: 'verified' }>['claims'];

export type AuthenticationDeps = {
  tokens: TokenVerifier;
  resources: { orgCodeOf: (orgNumber: string) => Promise<string | undefined> };
};

/**
 * Lets service owners through, as `serviceOwner` of the request. Everybody else gets 401 (no usable token) or 403 (a
 * token without the scope, or without an organisation), both without a body and with the reason in a header (RFC 6750);
 * a system user with the scope, 403 with a body that says who may.
 */
export function serviceOwnersOnly({ tokens, resources }: AuthenticationDeps): MiddlewareHandler<GatewayEnv> {
  // The verifier gives out the same claims as long as it remembers a token.
  const known = new WeakMap<Claims, { serviceOwner: ServiceOwner; type: UserType }>();

  return async (c, next) => {
    const verified = await verifiedClaims(c, tokens);
    if (!verified.ok) return verified.response;
    let caller = known.get(verified.claims);
    if (caller === undefined) {
      const identification = await identifyServiceOwner(resources, verified.claims);
      if (identification.kind === 'refused') return refusedServiceOwner(c, verified.claims, identification.reason);
      caller = { serviceOwner: identification.serviceOwner, type: identifyUser(verified.claims).type };
      known.set(verified.claims, caller);
    }
    c.set('serviceOwner', caller.serviceOwner);
    // May be on any request; most have nothing to do with it.
    const onBehalfOf = endUserId(c);
    if (!onBehalfOf.ok) return invalid(c, onBehalfOf.errors);
    return isServiceOwner(caller.type, onBehalfOf.value) ? next() : forbidden(c, 'Type', wrongType(serviceOwnerTypes));
  };
}

function refusedServiceOwner(c: GatewayContext, claims: Claims, reason: ServiceOwnerRefusal): Response {
  if (reason !== 'org-unknown') return refused(reason, scopes.serviceProvider);
  // What an organisation owns comes after who calls.
  const onBehalfOf = endUserId(c);
  if (!onBehalfOf.ok) return invalid(c, onBehalfOf.errors);
  return isServiceOwner(identifyUser(claims).type, onBehalfOf.value)
    ? refused(reason, scopes.serviceProvider)
    : forbidden(c, 'Type', wrongType(serviceOwnerTypes));
}

/** The organisation in a system user's token is the vendor of the system. Naming a person makes it a service owner. */
function isServiceOwner(caller: UserType, onBehalfOf: string | null): boolean {
  return onBehalfOf !== null || serviceOwnerTypes.some((type) => type === caller);
}

const serviceOwnerTypes = ['ServiceOwner', 'ServiceOwnerOnBehalfOfPerson'] as const satisfies readonly UserType[];

function wrongType(right: readonly UserType[]): string {
  return (
    'The request was authenticated, but we were unable to determine valid user type in order to authorize the request. ' +
    `Valid user types for this endpoint are: ${right.join(', ')}`
  );
}

/**
 * Lets end users through, as `endUser` of the request. 401 and the 403 of a missing scope are those of service owners;
 * a 403 because of who the user is has a body that says so.
 */
export function endUsersOnly({ tokens }: Pick<AuthenticationDeps, 'tokens'>): MiddlewareHandler<GatewayEnv> {
  const known = new WeakMap<Claims, EndUser>();

  return async (c, next) => {
    const verified = await verifiedClaims(c, tokens);
    if (!verified.ok) return verified.response;
    let endUser = known.get(verified.claims);
    if (endUser === undefined) {
      const identification = identifyEndUser(verified.claims);
      if (identification.kind === 'refused') return refusedEndUser(c, verified.claims, identification.reason);
      endUser = identification.endUser;
      known.set(verified.claims, endUser);
    }
    const onBehalfOf = personNamed(c, verified.claims);
    if (!onBehalfOf.ok) return invalid(c, onBehalfOf.errors);
    // Whoever names a person is a service owner at that moment, whoever it is otherwise.
    if (onBehalfOf.value !== null) return forbidden(c, 'Type', wrongType(endUserTypes));
    c.set('endUser', endUser);
    return next();
  };
}

function refusedEndUser(c: GatewayContext, claims: Claims, reason: EndUserRefusal): Response {
  if (reason === 'scope-missing') return refused(reason, endUserScopes[0]);
  const onBehalfOf = personNamed(c, claims);
  if (!onBehalfOf.ok) return invalid(c, onBehalfOf.errors);
  switch (reason) {
    case 'user-type-not-allowed':
      return forbidden(c, 'Type', wrongType(endUserTypes));
    case 'authentication-level-unknown':
      return forbidden(c, 'Forbidden', 'The authentication level of the token is not known here.');
  }
}

/** The person on whose behalf a service owner calls, which it may say on any request. Who is none says nothing by it. */
function personNamed(c: GatewayContext, claims: Claims): Validated<string | null> {
  return scopesOf(claims).has(scopes.serviceProvider) ? endUserId(c) : { ok: true, value: null };
}

/** For a route that wants more of a service owner than the scope that all need: 403 without a body. */
export function requireScope(scope: Scope): MiddlewareHandler<GatewayEnv> {
  return async (c, next) =>
    c.get('serviceOwner').scopes.has(scope) ? next() : refused('scope-missing', `${scopes.serviceProvider} ${scope}`);
}

/**
 * Lets organisations through that were granted one scope, service owners or not. For a route that is registered before
 * {@link serviceOwnersOnly}; refusals are the same.
 */
export function organisationsWith(
  scope: Scope,
  { tokens }: Pick<AuthenticationDeps, 'tokens'>,
): MiddlewareHandler<GatewayEnv> {
  return async (c, next) => {
    const verified = await verifiedClaims(c, tokens);
    if (!verified.ok) return verified.response;
    const identification = identifyOrganisation(verified.claims, scope);
    if (identification.kind === 'refused') return refused(identification.reason, scope);
    const onBehalfOf = personNamed(c, verified.claims);
    return onBehalfOf.ok ? next() : invalid(c, onBehalfOf.errors);
  };
}

async function verifiedClaims(
  c: GatewayContext,
  tokens: TokenVerifier,
): Promise<{ ok: true; claims: Claims } | { ok: false; response: Response }> {
  const token = bearerToken(c.req.header('authorization'));
  if (token === undefined) return { ok: false, response: challenge(401, 'Bearer') };
  const verification = await verify(tokens, token);
  return verification.kind === 'verified'
    ? { ok: true, claims: verification.claims }
    : { ok: false, response: challenge(401, invalidToken(verification.reason)) };
}

async function verify(tokens: TokenVerifier, token: string): Promise<Verification> {
  try {
    return await tokens.verify(token);
  } catch (err) {
    throw err instanceof UpstreamFailure ? err : new UpstreamFailure('token issuer', 'no keys', { cause: err });
  }
}

export function challenge(status: 401 | 403, scheme: string): Response {
  return new Response(null, { status, headers: { 'WWW-Authenticate': scheme } });
}

export function invalidToken(reason: TokenRefusal): string {
  return `Bearer error="invalid_token", error_description="${reason}"`;
}

function refused(reason: ServiceOwnerRefusal, needed: string): Response {
  const why = reason === 'scope-missing' ? `scope="${needed}"` : `error_description="${reason}"`;
  return challenge(403, `Bearer error="insufficient_scope", ${why}`);
}
