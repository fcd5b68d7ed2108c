import {
  identifyServiceOwner,
  type ServiceOwner,
  type ServiceOwnerRefusal,
  scopes,
} from '@dialog/access/service-owner';
import { bearerToken, type TokenRefusal, type TokenVerifier, type Verification } from '@dialog/access/tokens';
import { UpstreamFailure } from '@dialog/access/upstream-failure';
import type { MiddlewareHandler } from 'hono';
import type { GatewayEnv } from './gateway-app.ts';
import { invalid } from './problem-response.ts';
import { endUserId } from './request-parameters.ts';

type Claims = Extract<Verification, { kind: 'verified' }>['claims'];

export type AuthenticationDeps = {
  tokens: TokenVerifier;
  resources: { orgCodeOf: (orgNumber: string) => Promise<string | undefined> };
};

/**
 * Lets service owners through, as `serviceOwner` of the request. Everybody else gets 401 (no usable token) or 403 (a
 * token without the scope, or without an organisation), both without a body and with the reason in a header (RFC 6750).
 */
export function serviceOwnersOnly({ tokens, resources }: AuthenticationDeps): MiddlewareHandler<GatewayEnv> {
  // The verifier gives out the same claims as long as it remembers a token.
  const known = new WeakMap<Claims, ServiceOwner>();

  return async (c, next) => {
    const token = bearerToken(c.req.header('authorization'));
    if (token === undefined) return challenge(401, 'Bearer');
    const verification = await verify(token);
    if (verification.kind === 'refused') return challenge(401, invalidToken(verification.reason));
    let serviceOwner = known.get(verification.claims);
    if (serviceOwner === undefined) {
      const identification = await identifyServiceOwner(resources, verification.claims);
      if (identification.kind === 'refused') return challenge(403, insufficient(identification.reason));
      serviceOwner = identification.serviceOwner;
      known.set(verification.claims, serviceOwner);
    }
    c.set('serviceOwner', serviceOwner);
    // May be on any request; most have nothing to do with it.
    const onBehalfOf = endUserId(c);
    return onBehalfOf.ok ? next() : invalid(c, onBehalfOf.errors);
  };

  async function verify(token: string) {
    try {
      return await tokens.verify(token);
    } catch (err) {
      throw err instanceof UpstreamFailure ? err : new UpstreamFailure('token issuer', 'no keys', { cause: err });
    }
  }
}

function challenge(status: 401 | 403, scheme: string): Response {
  return new Response(null, { status, headers: { 'WWW-Authenticate': scheme } });
}

function invalidToken(reason: TokenRefusal): string {
  return `Bearer error="invalid_token", error_description="${reason}"`;
}

function insufficient(reason: ServiceOwnerRefusal): string {
  return reason === 'scope-missing'
    ? `Bearer error="insufficient_scope", scope="${scopes.serviceProvider}"`
    : `Bearer error="insufficient_scope", error_description="${reason}"`;
}
