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
