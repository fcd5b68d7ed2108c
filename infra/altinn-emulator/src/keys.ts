import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import { z } from 'zod';

/** A private RSA key as JWK, with `kid` and `alg`. */
export type PrivateKey = JWK & { kid: string; alg: 'RS256' };

const keyFile = z.array(z.looseObject({ kty: z.literal('RSA'), kid: z.string(), alg: z.literal('RS256') })).min(1);

/**
 * Key pairs by name, the newest first, made when first asked for.
 *
 * With a folder they are kept there (`<name>.jwk.json`, readable by the owner alone), so that tokens stay good over a
 * restart; without, they live as long as the process.
 */
export type KeyRing = {
  keys: (name: string) => Promise<readonly [PrivateKey, ...PrivateKey[]]>;
  /** Signs with a new key from now on. The older ones stay published. */
  rotate: (name: string) => Promise<void>;
};

export function createKeyRing(folder: string | undefined): KeyRing {
  const rings = new Map<string, Promise<[PrivateKey, ...PrivateKey[]]>>();
  return {
    keys: ringOf,
    async rotate(name) {
      const ring = store(name, [await createKey(), ...(await ringOf(name))]);
      rings.set(name, ring);
      await ring;
    },
  };

  function ringOf(name: string): Promise<[PrivateKey, ...PrivateKey[]]> {
    const ring = rings.get(name) ?? load(name);
    rings.set(name, ring);
    return ring;
  }

  async function load(name: string): Promise<[PrivateKey, ...PrivateKey[]]> {
    const [first, ...older] = folder === undefined ? [] : await readKeys(fileOf(folder, name));
    return first === undefined ? store(name, [await createKey()]) : [first, ...older];
  }

  async function store(name: string, keys: [PrivateKey, ...PrivateKey[]]): Promise<[PrivateKey, ...PrivateKey[]]> {
    if (folder !== undefined) {
      await mkdir(folder, { recursive: true });
      await writeFile(fileOf(folder, name), `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 });
    }
    return keys;
  }
}

/** The name of a Maskinporten client's key pair. Issuers' keys have the issuer's name. */
export function clientKey(clientId: string): string {
  return `client-${clientId}`;
}

export async function createKey(): Promise<PrivateKey> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'RS256' };
}

/** What may be published of a key. */
export function publicPart({ kty, n, e, kid, alg }: PrivateKey): JWK {
  return { ...(kty && { kty }), ...(n && { n }), ...(e && { e }), kid, alg, use: 'sig' };
}

async function readKeys(file: string): Promise<PrivateKey[]> {
  try {
    return keyFile.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') return [];
    throw new Error(`${file} holds no keys; delete it to have new ones made`, { cause: err });
  }
}

function fileOf(folder: string, name: string): string {
  return join(folder, `${name}.jwk.json`);
}
