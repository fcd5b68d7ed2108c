import type { Context } from 'hono';
import { createLocalJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import { type KeyRing, publicPart } from '../keys.ts';
import { type IssuerName, issuersAt } from '../tokens.ts';

/** The claims of a request's token, if this issuer of the emulator made it and it still holds; undefined else. */
export async function bearerClaims(
  { keyRing, baseUrl }: { keyRing: KeyRing; baseUrl: string },
  issuer: IssuerName,
  authorization: string | undefined,
): Promise<JWTPayload | undefined> {
  const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) return undefined;
  const keys = createLocalJWKSet({ keys: (await keyRing.keys(issuer)).map(publicPart) });
  try {
    const { payload } = await jwtVerify(token, keys, { issuer: issuersAt(baseUrl)[issuer], algorithms: ['RS256'] });
    return payload;
  } catch (err) {
    if (err instanceof errors.JOSEError) return undefined;
    throw err;
  }
}

/**
 * What an operation answers to somebody who may not call it: 401 without a platform token or a subscription key, of
 * which any will do, and 403 without the scope. Undefined for who may.
 */
export async function refusal(
  deps: { keyRing: KeyRing; baseUrl: string },
  c: Context,
  scope: string,
): Promise<Response | undefined> {
  const claims = await bearerClaims(deps, 'altinn', c.req.header('authorization'));
  if (claims === undefined) return c.body(null, 401);
  if (!c.req.header('ocp-apim-subscription-key')) return c.json({ message: 'No subscription key.' }, 401);
  const isGranted = String(claims.scope).split(' ').includes(scope);
  return isGranted ? undefined : c.json({ title: `The token lacks ${scope}.` }, 403);
}
