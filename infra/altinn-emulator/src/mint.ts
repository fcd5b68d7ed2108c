import { createHmac } from 'node:crypto';
import { base64url, decodeJwt, importJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { z } from 'zod';
import type { Fixtures } from './fixtures.ts';
import { createKey, type KeyRing } from './keys.ts';
import { mintedClaims, NoSuchToken, subjectQuery } from './minted-claims.ts';
import type { EmulatorApp } from './operations.ts';
import { consumerClaim, type IssuerName, issuerNames, issuersAt, signClaims, signToken } from './tokens.ts';

const faults = [
  ...[
    'expired',
    'not-yet-valid',
    'no-expiry',
    'wrong-issuer',
    'issuer-with-slash',
    'no-consumer',
    'invalid-consumer',
    'unknown-acr',
  ],
  ...['unsigned', 'wrong-key', 'unknown-key', 'public-key-as-secret'],
] as const;

const query = z.strictObject({
  ...subjectQuery.shape,
  ttl: z.coerce.number().int().default(3600),
  fault: z.enum(faults).optional(),
});
const rotateQuery = z.strictObject({ issuer: z.literal(issuerNames).default('altinn') });

/** Its control digit is wrong. */
const noOrgNumber = '310001008';

type Deps = { fixtures: Fixtures; keyRing: KeyRing; baseUrl: string };

/**
 * Tokens for people at a keyboard, and broken ones for tests; what the real issuers never would give away like this.
 *
 * `GET /emulator/token?org=ttd&scope=…&ttl=3600&issuer=altinn&fault=expired` answers with the bare token; so it does for
 * end users, with `pid`, `email` or `systemuser` instead of `org`.
 * `POST /emulator/keys/rotate?issuer=altinn` lets the issuer sign with a new key.
 */
export function registerMint(app: EmulatorApp, deps: Deps): void {
  app.get('/emulator/token', async (c) => {
    const asked = query.safeParse(c.req.query());
    if (!asked.success) return c.text(z.prettifyError(asked.error), 400);
    const { ttl, fault, ...subject } = asked.data;
    try {
      const { issuer, claims } = await mintedClaims(deps.fixtures, subject);
      return c.text(await mint(deps, issuer, claims, ttl, fault));
    } catch (err) {
      if (err instanceof NoSuchToken) return c.text(err.message, err.status);
      throw err;
    }
  });

  app.post('/emulator/keys/rotate', async (c) => {
    const { issuer } = rotateQuery.parse(c.req.query());
    await deps.keyRing.rotate(issuer);
    return c.body(null, 204);
  });
}

async function mint(
  deps: Deps,
  issuer: IssuerName,
  claims: JWTPayload,
  ttl: number,
  fault: (typeof faults)[number] | undefined,
): Promise<string> {
  const right = await signToken(deps, issuer, claims, ttl);
  const signed = decodeJwt(right);
  const { exp, ...endless } = signed;
  const now = Math.floor(Date.now() / 1000);
  switch (fault) {
    case undefined:
      return right;
    case 'expired':
      return signClaims(deps, issuer, { ...signed, iat: now - 120, exp: now - 60 });
    case 'not-yet-valid':
      return signClaims(deps, issuer, { ...signed, nbf: now + 60 });
    case 'no-expiry':
      return signClaims(deps, issuer, endless);
    case 'wrong-issuer':
      return signClaims(deps, issuer, { ...signed, iss: `${issuersAt(deps.baseUrl)[issuer]}other` });
    case 'issuer-with-slash':
      return signClaims(deps, issuer, { ...signed, iss: `${issuersAt(deps.baseUrl)[issuer]}/` });
    case 'no-consumer':
      return signClaims(deps, issuer, { ...signed, consumer: undefined });
    case 'invalid-consumer':
      return signClaims(deps, issuer, { ...signed, consumer: consumerClaim(noOrgNumber) });
    case 'unknown-acr':
      return signClaims(deps, issuer, { ...signed, acr: 'Level5', 'urn:altinn:authlevel': undefined });
    case 'unsigned':
      return new UnsecuredJWT(signed).encode();
    case 'wrong-key':
      return signedByStranger(signed, (await deps.keyRing.keys(issuer))[0].kid);
    case 'unknown-key':
      return signedByStranger(signed, undefined);
    case 'public-key-as-secret':
      return signedWithPublicKey(right, (await deps.keyRing.keys(issuer))[0].n ?? '');
  }
}

/** A key that the issuer does not publish; under the key id of one that it does, or under its own. */
async function signedByStranger(claims: JWTPayload, kid: string | undefined): Promise<string> {
  const key = await createKey();
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.alg, kid: kid ?? key.kid, typ: 'JWT' })
    .sign(await importJWK(key));
}

/** The old trick on verifiers that let the token choose the algorithm: HMAC with what everybody knows as the secret. */
function signedWithPublicKey(token: string, publicKey: string): string {
  const header = base64url.encode(JSON.stringify({ alg: 'HS256', typ: 'JWT' }));
  const signed = `${header}.${token.split('.')[1]}`;
  return `${signed}.${createHmac('sha256', publicKey).update(signed).digest('base64url')}`;
}
