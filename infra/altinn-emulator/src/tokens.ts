import { randomUUID } from 'node:crypto';
import { importJWK, type JWTPayload, SignJWT } from 'jose';
import type { KeyRing } from './keys.ts';

/** Maskinporten's issuer and, on the same address, those of Altinn's exchanged tokens and of ID-porten. */
export const issuerNames = ['maskinporten', 'altinn', 'idporten'] as const;
export type IssuerName = (typeof issuerNames)[number];

export function issuersAt(baseUrl: string): Record<IssuerName, string> {
  return {
    maskinporten: `${baseUrl}/`,
    altinn: `${baseUrl}/authentication/api/v1/openid/`,
    idporten: `${baseUrl}/idporten`,
  };
}

export function consumerClaim(orgNumber: string) {
  return { authority: 'iso6523-actorid-upis', ID: `0192:${orgNumber}` };
}

/** Claims of a token that Altinn gives in exchange. `org` is undefined for an organisation that owns no services. */
export function exchangedClaims(orgNumber: string, org: string | undefined, scope: string): JWTPayload {
  return {
    scope,
    consumer: consumerClaim(orgNumber),
    'urn:altinn:authenticatemethod': 'maskinporten',
    'urn:altinn:authlevel': 3,
    'urn:altinn:orgNumber': orgNumber,
    ...(org !== undefined && { 'urn:altinn:org': org }),
  };
}

type Signer = { keyRing: KeyRing; baseUrl: string };

/** Adds `iss`, `iat`, `exp` and `jti` to the claims and signs them with the issuer's newest key. */
export async function signToken(
  signer: Signer,
  issuer: IssuerName,
  claims: JWTPayload,
  ttlSeconds: number,
): Promise<string> {
  const iat = Math.floor(Date.now() / 1000);
  const iss = issuersAt(signer.baseUrl)[issuer];
  return signClaims(signer, issuer, { ...claims, iss, iat, exp: iat + ttlSeconds, jti: randomUUID() });
}

/** Signs exactly these claims. */
export async function signClaims({ keyRing }: Signer, issuer: IssuerName, claims: JWTPayload): Promise<string> {
  const [key] = await keyRing.keys(issuer);
  return new SignJWT(claims).setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'JWT' }).sign(await importJWK(key));
}
