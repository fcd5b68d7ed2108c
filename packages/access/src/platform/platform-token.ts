import { randomUUID } from 'node:crypto';
import { decodeJwt, importJWK, type JWK, SignJWT } from 'jose';
import { z } from 'zod';
import { UpstreamFailure } from '../upstream-failure.ts';
import type { Upstream } from './http.ts';

/** What tells who we are. */
export const clientVariables = 'MASKINPORTEN_CLIENT_ID and MASKINPORTEN_CLIENT_JWK';

export type PlatformClient = {
  clientId: string;
  /** Private RSA key, with the `kid` under which Maskinporten knows it. */
  jwk: JWK & { kid: string };
  scopes: readonly string[];
};

type Deps = { upstream: Upstream; maskinportenUrl: string; platformUrl: string; client: PlatformClient };

/**
 * The token by which we ourselves call the platform.
 *
 * `current` gives one that is good for a while yet; `forget` makes the next call get a new one, after a 401.
 */
export type PlatformTokens = { current: () => Promise<string>; forget: (token: string) => void };

const assertionSeconds = 110;
/** A token counts as good until this share of its life is left, at most a minute. */
const reserveShare = 0.2;
const reserveMsMax = 60_000;

const tokenAnswer = z.object({ access_token: z.string() });

/** Maskinporten's token for an assertion that we sign (RFC 7523), exchanged for one of Altinn's. */
export function createPlatformTokens(deps: Deps): PlatformTokens {
  let current: { token: string; renewAt: number } | undefined;
  let fetching: Promise<string> | undefined;

  return {
    async current() {
      if (current !== undefined && Date.now() < current.renewAt) return current.token;
      fetching ??= renew();
      return fetching;
    },
    forget(token) {
      if (current?.token === token) current = undefined;
    },
  };

  async function renew(): Promise<string> {
    try {
      const token = await exchange(deps, await maskinportenToken(deps));
      current = { token, renewAt: renewAtOf(token) };
      return token;
    } finally {
      fetching = undefined;
    }
  }
}

/**
 * Makes a call with a token; after a 401 once more with a new one, for the first may have been withdrawn before its time.
 * A second 401 is not because of the token.
 *
 * @param tokens without, the call is made without one; only a stand-in will answer that
 */
export async function withToken<Result>(
  tokens: PlatformTokens | undefined,
  call: (token: string | undefined) => Promise<Result>,
): Promise<Result> {
  const token = await tokens?.current();
  try {
    return await call(token);
  } catch (err) {
    if (token === undefined || !isUnauthorized(err)) throw err;
    tokens?.forget(token);
    return call(await tokens?.current());
  }
}

export function isUnauthorized(err: unknown): boolean {
  return err instanceof UpstreamFailure && err.status === 401;
}

async function maskinportenToken({ upstream, maskinportenUrl, client }: Deps): Promise<string> {
  const iat = Math.floor(Date.now() / 1000);
  const assertion = await new SignJWT({ scope: client.scopes.join(' ') })
    .setProtectedHeader({ alg: 'RS256', kid: client.jwk.kid })
    .setIssuer(client.clientId)
    .setAudience(`${maskinportenUrl}/`)
    .setIssuedAt(iat)
    .setExpirationTime(iat + assertionSeconds)
    .setJti(randomUUID())
    .sign(await importJWK(client.jwk, 'RS256'));
  const body = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
  const request = { operation: 'maskinporten token', url: `${maskinportenUrl}/token`, method: 'POST', body } as const;
  return (await upstream.readJson({ ...request, isAboutUs: true }, tokenAnswer)).access_token;
}

async function exchange({ upstream, platformUrl }: Deps, token: string): Promise<string> {
  const text = await upstream.readText({
    operation: 'token exchange',
    url: `${platformUrl}/authentication/api/v1/exchange/maskinporten`,
    headers: { Authorization: `Bearer ${token}` },
    isAboutUs: true,
  });
  // The platform answers with the bare token, or with a JSON string.
  return text.trim().replace(/^"(.*)"$/, '$1');
}

function renewAtOf(token: string): number {
  try {
    const { exp } = decodeJwt(token);
    if (exp === undefined) throw new Error('The token has no exp.');
    const leftMs = exp * 1000 - Date.now();
    return Date.now() + leftMs - Math.min(leftMs * reserveShare, reserveMsMax);
  } catch (err) {
    throw new UpstreamFailure('token exchange', 'the answer is no token', { cause: err });
  }
}
