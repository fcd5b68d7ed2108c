import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { z } from 'zod';

/**
 * Two key pairs for dialog tokens (authorization, section 9.3). Only the primary signs; both are published, so that the
 * secondary may begin to sign when receivers have had the time to learn of it, or what it has signed still counts.
 */
export type DialogTokenKeys = { primary: KeyPair; secondary: KeyPair };

/** Ed25519, its components raw (32 bytes) in base64url. */
export type KeyPair = {
  kid: string;
  publicKey: string;
  privateKey: string;
  /** Since when receivers can have it (ISO 8601, as below). */
  publishedAt: string;
  /** Since when it no longer signs. Null for a key that signs, or has never signed. */
  retiredAt: string | null;
};

const rawKey = z.string().regex(/^[\w-]{43}$/, { error: 'must be 32 bytes in base64url', abort: true });

const keyPair = z
  .strictObject({
    kid: z.string().regex(/^[\w.~-]{1,100}$/, 'must be letters, digits, "-", "_", "." or "~"'),
    publicKey: rawKey,
    privateKey: rawKey,
    publishedAt: z.iso.datetime(),
    retiredAt: z.iso.datetime().nullable().default(null),
  })
  .refine(fitsTogether, { error: 'is not the public key of the private key', path: ['publicKey'] });

const dialogTokenKeys = z
  .strictObject({ primary: keyPair, secondary: keyPair })
  .refine(({ primary, secondary }) => primary.kid !== secondary.kid, {
    error: 'must not have the same kid as the primary',
    path: ['secondary', 'kid'],
  });

/**
 * Reads keys from their JSON.
 *
 * @throws Error that says what is wrong with them, without any part of a key
 */
export function parseDialogTokenKeys(text: string): DialogTokenKeys {
  const result = dialogTokenKeys.safeParse(jsonOf(text));
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`.trim());
  throw new Error(`not two key pairs: ${problems.join('; ')}`);
}

/** The message of a SyntaxError quotes what it has read. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('not JSON');
  }
}

function fitsTogether({ publicKey, privateKey }: { publicKey: string; privateKey: string }): boolean {
  const { x } = createPublicKey(signingKeyOf({ publicKey, privateKey })).export({ format: 'jwk' });
  return x === publicKey;
}

/** For the signatures of a pair. */
export function signingKeyOf({ publicKey, privateKey }: Pick<KeyPair, 'publicKey' | 'privateKey'>): KeyObject {
  return createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: publicKey, d: privateKey } });
}

/** A new pair, called by its thumbprint (RFC 7638). */
export async function newKeyPair(now: Date): Promise<KeyPair> {
  const { x = '', d = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const kid = await calculateJwkThumbprint({ kty: 'OKP', crv: 'Ed25519', x });
  return { kid, publicKey: x, privateKey: d, publishedAt: now.toISOString(), retiredAt: null };
}

/** What a service begins with: nobody knows any of its keys, so that the first may sign at once. */
export async function firstKeys(now: Date): Promise<DialogTokenKeys> {
  return { primary: await newKeyPair(now), secondary: await newKeyPair(now) };
}

/** The published keys as a JWK set (RFC 8037), the one that signs first. Nothing private is in it. */
export function publicKeySet({ primary, secondary }: DialogTokenKeys) {
  const keys = [primary, secondary].map(({ kid, publicKey }) => ({
    ...{ kty: 'OKP', use: 'sig', kid, crv: 'Ed25519', x: publicKey, alg: 'EdDSA' },
  }));
  return { keys };
}
