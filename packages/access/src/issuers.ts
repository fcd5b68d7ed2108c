import { isTrustedAddress } from '@dialog/telemetry/config';
import type { Logger } from '@dialog/telemetry/logger';
import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { UpstreamFailure } from './upstream-failure.ts';

/** A trusted issuer: what `iss` must say, and where its keys come from. */
export type Issuer = { name: string; keys: JWTVerifyGetKey };

export type IssuerSettings = {
  /** For one request to an issuer. */
  timeoutMs: number;
  /** After a failed attempt to read an issuer's metadata, how long nobody tries again. */
  retryAfterMs: number;
  /** How often keys are read anew, so that a withdrawn one stops counting. */
  keysRefreshMs: number;
  /** An unknown key id makes us look for new keys, at most this often: anybody can invent key ids. */
  keysCooldownMs: number;
};

export const issuerDefaults: IssuerSettings = {
  timeoutMs: 5_000,
  retryAfterMs: 1_000,
  keysRefreshMs: 60 * 60_000,
  keysCooldownMs: 30_000,
};

const metadataDocument = z.object({
  issuer: z.string().min(1),
  jwks_uri: z.string().refine(isTrustedAddress, 'keys must come over https'),
});

/**
 * Finds the issuer that a token names, among those at the given addresses.
 *
 * Metadata is read when first needed and kept for the life of the process. An issuer that cannot be reached spoils only
 * the requests that might be its own.
 *
 * @param addresses each the base of an issuer, or its metadata document itself
 * @returns undefined when every issuer is known and none is it
 * @throws UpstreamFailure when none of the known ones is it and some cannot be reached
 */
export function createIssuers(addresses: readonly string[], settings: IssuerSettings, log: Logger) {
  const sources = addresses.map((address) => createSource(address, settings, log));

  return async function issuerNamed(name: string): Promise<Issuer | undefined> {
    for (const { known } of sources) if (known()?.name === name) return known();
    const loaded = await Promise.allSettled(sources.map(({ load }) => load()));
    for (const one of loaded) if (one.status === 'fulfilled' && one.value.name === name) return one.value;
    for (const one of loaded) if (one.status === 'rejected') throw one.reason;
    return undefined;
  };
}

/** Reads the metadata of all issuers anew, to see whether they answer. @throws UpstreamFailure when one does not */
export async function askIssuers(addresses: readonly string[], timeoutMs: number): Promise<void> {
  await Promise.all(addresses.map((address) => readMetadata(address, timeoutMs)));
}

function createSource(address: string, settings: IssuerSettings, log: Logger) {
  let known: Issuer | undefined;
  let loading: Promise<Issuer> | undefined;
  let failed: { at: number; reason: unknown } | undefined;

  return { known: () => known, load };

  async function load(): Promise<Issuer> {
    if (known !== undefined) return known;
    if (failed !== undefined && performance.now() - failed.at < settings.retryAfterMs) throw failed.reason;
    loading ??= read();
    return loading;
  }

  async function read(): Promise<Issuer> {
    try {
      const { issuer, jwks_uri } = await readMetadata(address, settings.timeoutMs);
      known = { name: issuer, keys: refreshingKeys(jwks_uri, settings, log) };
      log.info({ issuer, address }, 'token issuer known');
      return known;
    } catch (err) {
      failed = { at: performance.now(), reason: err };
      throw err;
    } finally {
      loading = undefined;
    }
  }
}

async function readMetadata(address: string, timeoutMs: number): Promise<z.infer<typeof metadataDocument>> {
  for (const url of metadataAddresses(address)) {
    try {
      const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
      if (answer.ok) return metadataDocument.parse(await answer.json());
      await answer.body?.cancel();
      if (answer.status >= 500) throw new Error(`${url} answered ${answer.status}`);
    } catch (err) {
      throw new UpstreamFailure('issuer metadata', address, { cause: err });
    }
  }
  throw new UpstreamFailure('issuer metadata', `${address} publishes none`);
}

/**
 * Where an issuer may publish: OpenID Connect Discovery and RFC 8414, the latter both below the issuer's path, where
 * many put it, and before it, where the RFC wants it.
 */
function metadataAddresses(address: string): string[] {
  if (address.includes('/.well-known/')) return [address];
  const { origin, pathname } = new URL(address);
  const path = pathname.replace(/\/+$/, '');
  const oauth = '/.well-known/oauth-authorization-server';
  const below = [`${origin}${path}/.well-known/openid-configuration`, `${origin}${path}${oauth}`];
  return path === '' ? below : [...below, `${origin}${oauth}${path}`];
}

/**
 * jose would refuse every token once its keys are old and the issuer is away. So its keys never get old, and we read
 * them anew in the background.
 */
function refreshingKeys(url: string, settings: IssuerSettings, log: Logger): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(new URL(url), {
    cacheMaxAge: Number.POSITIVE_INFINITY,
    cooldownDuration: settings.keysCooldownMs,
    timeoutDuration: settings.timeoutMs,
  });
  let readAt = performance.now();
  return async (header, token) => {
    if (performance.now() - readAt > settings.keysRefreshMs) {
      readAt = performance.now();
      keys.reload().catch((err: unknown) => log.warn({ err, url }, 'issuer keys not refreshed'));
    }
    try {
      return await keys(header, token);
    } catch (err) {
      if (tokensFault.some((kind) => err instanceof kind)) throw err;
      throw new UpstreamFailure('issuer keys', url, { cause: err });
    }
  };
}

/** The issuer's keys were had, and the token fits none of them. */
const tokensFault = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];
