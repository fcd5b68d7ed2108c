import { createHmac } from 'node:crypto';
import { base64url, decodeJwt, importJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { z } from 'zod';
import type { Fixtures } from './fixtures.ts';
import { createKey, type KeyRing } from './keys.ts';
import type { EmulatorApp } from './operations.ts';
import { consumerClaim, exchangedClaims, issuersAt, signClaims, signToken } from './tokens.ts';

const faults = [
  ...['expired', 'not-yet-valid', 'no-expiry', 'wrong-issuer', 'no-consumer', 'invalid-consumer'],
  ...['unsigned', 'wrong-key', 'unknown-key', 'public-key-as-secret'],
] as const;

const query = z.strictObject({
  org: z.string().default('ttd'),
  scope: z.string().default('digdir:dialogporten.serviceprovider digdir:dialogporten.serviceprovider.search'),
  ttl: z.coerce.number().int().min(1).default(3600),
  issuer: z.enum(['altinn', 'maskinporten']).default('altinn'),
  fault: z.enum(faults).optional(),
});
type Query = z.infer<typeof query>;

type Deps = { fixtures: Fixtures; keyRing: KeyRing; baseUrl: string };

/**
 * Tokens for people at a keyboard, and broken ones for tests; what the real issuers never would give away like this.
 *
 * `GET /emulator/token?org=ttd&scope=…&ttl=3600&issuer=altinn&fault=expired` answers with the bare token.
 * `POST /emulator/keys/rotate?issuer=altinn` lets the issuer sign with a new key.
 */
export function registerMint(app: EmulatorApp, deps: Deps): void {
  app.get('/emulator/token', async (c) => {
    const asked = query.safeParse(c.req.query());
    if (!asked.success) return c.text(z.prettifyError(asked.error), 400);
    const { orgs } = await deps.fixtures.serviceOwners();
    const orgNumber = orgs[asked.data.org]?.orgnr;
    if (orgNumber === undefined) return c.text(`No such org; there are ${Object.keys(orgs).join(', ')}.`, 404);
    return c.text(await mint(deps, asked.data, orgNumber));
  });

  app.post('/emulator/keys/rotate', async (c) => {
    const { issuer } = query.pick({ issuer: true }).parse(c.req.query());
    await deps.keyRing.rotate(issuer);
    return c.body(null, 204);
  });
}

async function mint(deps: Deps, { org, scope, ttl, issuer, fault }: Query, orgNumber: string): Promise<string> {
  const claims =
    issuer === 'altinn' ? exchangedClaims(orgNumber, org, scope) : { scope, consumer: consumerClaim(orgNumber) };
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
    case 'no-consumer':
      return signClaims(deps, issuer, { ...signed, consumer: undefined });
    case 'invalid-consumer':
      return signClaims(deps, issuer, { ...signed, consumer: consumerClaim(damaged(orgNumber)) });
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

/** Another control digit. */
function damaged(orgNumber: string): string {
  return `${orgNumber.slice(0, 8)}${(Number(orgNumber[8]) + 1) % 10}`;
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
