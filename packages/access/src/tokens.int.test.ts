import { type Emulator, startEmulator } from '@dialog/altinn-emulator/emulator';
import { createLogger } from '@dialog/telemetry/logger';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTokenVerifier, type TokenSettings } from './tokens.ts';
import { UpstreamFailure } from './upstream-failure.ts';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());
beforeEach(async () => {
  await control('/emulator/faults', { method: 'DELETE' });
  await control('/emulator/calls', { method: 'DELETE' });
});

const log = createLogger('test', 'silent');
/** Nothing listens there. */
const deadAddress = 'http://127.0.0.1:9';

function verifier(settings: Partial<TokenSettings> & { now?: () => Date } = {}, addresses = bothIssuers()) {
  return createTokenVerifier(addresses, { log, retryAfterMs: 0, keysCooldownMs: 0, ...settings });
}

function bothIssuers(): string[] {
  return [emulator.baseUrl, `${emulator.baseUrl}/authentication/api/v1/openid`];
}

/** Whose tokens are verified: of each issuer at least one, and of each kind of end user. */
const bearers = [
  ['a service owner', 'org=ttd'],
  ['a person from ID-porten', 'pid=01817030080'],
  ['a person from Altinn', 'pid=01817030080&issuer=altinn'],
  ['an e-mail user', 'email=kari@example.com'],
  ['a system user', 'systemuser=5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c'],
] as const;

function control(path: string, init: RequestInit): Promise<Response> {
  return fetch(`${emulator.baseUrl}${path}`, init);
}

async function mint(query = ''): Promise<string> {
  return (await control(`/emulator/token?${query}`, {})).text();
}

function spoil(operation: string, fault: object): Promise<Response> {
  return control('/emulator/faults', { method: 'POST', body: JSON.stringify({ operation, ...fault }) });
}

async function calls(): Promise<unknown> {
  return (await control('/emulator/calls', {})).json();
}

describe('a token verifier', () => {
  it('verifies tokens of each issuer, found by either kind of metadata document', async () => {
    const { verify } = verifier();
    const exchanged = await verify(await mint('org=skd'));
    expect(exchanged).toMatchObject({ kind: 'verified', claims: { 'urn:altinn:org': 'skd' } });
    expect(await verify(await mint('issuer=maskinporten'))).toMatchObject({ kind: 'verified' });

    await spoil('openid-configuration', { status: 404 });
    expect(await verifier().verify(await mint('issuer=maskinporten'))).toMatchObject({ kind: 'verified' });
  });

  it('takes the address of a metadata document itself, too', async () => {
    const { verify } = verifier({}, [`${emulator.baseUrl}/.well-known/oauth-authorization-server`]);
    expect(await verify(await mint('issuer=maskinporten'))).toMatchObject({ kind: 'verified' });
    expect(await calls()).toMatchObject({ 'oauth-authorization-server': 1, 'openid-configuration': 0 });
  });

  it.each(bearers)('verifies the token of %s, and refuses each that is broken for what is wrong', async (_, query) => {
    const { verify } = verifier({}, Object.values(emulator.issuers));
    const outcomes = [
      ['expired', 'expired'],
      ['not-yet-valid', 'not-yet-valid'],
      ['no-expiry', 'no-expiry'],
      ['wrong-issuer', 'unknown-issuer'],
      ['unsigned', 'algorithm-not-allowed'],
      ['public-key-as-secret', 'algorithm-not-allowed'],
      ['wrong-key', 'wrong-signature'],
      ['unknown-key', 'unknown-key'],
    ];
    expect(await verify(await mint(query))).toMatchObject({ kind: 'verified' });
    const found = outcomes.map(async ([fault]) => [fault, await verify(await mint(`${query}&fault=${fault}`))]);
    expect(await Promise.all(found)).toEqual(outcomes.map(([fault, reason]) => [fault, { kind: 'refused', reason }]));
  });

  it.each(['', 'x', 'x.y.z', 'eyJhbGciOiJSUzI1NiJ9.bm9uc2Vuc2U.eA', 'eyJhbGciOiJSUzI1NiJ9.W10.eA'])(
    'refuses %j as malformed',
    async (token) => {
      expect(await verifier().verify(token)).toEqual({ kind: 'refused', reason: 'malformed' });
    },
  );

  it('refuses a token whose claims or signature were changed', async () => {
    const [header, , signature] = (await mint()).split('.');
    const claims = { ...decodeJwt(await mint()), 'urn:altinn:org': 'skd' };
    const changed = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
    expect(await verifier().verify(changed)).toEqual({ kind: 'refused', reason: 'wrong-signature' });
  });

  it.each([
    ['org=ttd&issuer=maskinporten', 'org=ttd&issuer=altinn'],
    // Whoever gets tokens for organisations must not be able to make one for a person.
    ['org=ttd&issuer=maskinporten', 'pid=01817030080'],
    ['pid=01817030080', 'pid=01817030080&issuer=altinn'],
  ])('refuses a token that one issuer signed (%s) in the name of another (%s)', async (signer, name) => {
    const [header] = (await mint(signer)).split('.');
    const [, claims, signature] = (await mint(name)).split('.');
    const result = await verifier({}, Object.values(emulator.issuers)).verify(`${header}.${claims}.${signature}`);
    expect(result).toEqual({ kind: 'refused', reason: 'unknown-key' });
  });

  it('trusts no issuer that is not configured', async () => {
    const { verify } = verifier({}, [emulator.baseUrl]);
    expect(await verify(await mint('issuer=altinn'))).toEqual({ kind: 'refused', reason: 'unknown-issuer' });
  });

  it('takes no keys over plain http from another machine', async () => {
    const foreign = await startEmulator({ publicUrl: 'http://issuer.example' });
    const token = await (await fetch(`${foreign.baseUrl}/emulator/token`)).text();
    const { verify } = verifier({}, [`${foreign.baseUrl}/authentication/api/v1/openid`]);
    const failure: unknown = await verify(token).catch((err: unknown) => err);
    expect(failure).toBeInstanceOf(UpstreamFailure);
    expect(failure).toHaveProperty('cause.message', expect.stringContaining('keys must come over https'));
    await foreign.close();
  });

  it('allows the issuer’s clock to be two seconds off, also for a token it has verified before', async () => {
    const token = await mint();
    const expiresMs = Number(decodeJwt(token).exp) * 1000;
    let time = expiresMs + 1_000;
    const { verify } = verifier({ now: () => new Date(time) });
    expect(await verify(token)).toMatchObject({ kind: 'verified' });
    time = expiresMs + 1_999;
    expect(await verify(token)).toMatchObject({ kind: 'verified' });
    time = expiresMs + 2_000;
    expect(await verify(token)).toEqual({ kind: 'refused', reason: 'expired' });
  });
});

describe('verified tokens', () => {
  it('are not verified again for a while', async () => {
    const token = await mint();
    let time = Date.now();
    const { verify } = verifier({ cachedTokenMs: 1_000, now: () => new Date(time) });
    const first = await verify(token);
    // Another run of the verification would have made new claims.
    expect(claimsOf(await verify(token))).toBe(claimsOf(first));
    time += 1_000;
    expect(claimsOf(await verify(token))).not.toBe(claimsOf(first));
  });

  it('do not crowd out memory', async () => {
    const { verify } = verifier({ cachedTokensMax: 1 });
    const token = await mint();
    const first = await verify(token);
    await verify(await mint());
    expect(claimsOf(await verify(token))).not.toBe(claimsOf(first));
  });
});

describe('an issuer’s keys', () => {
  it('are fetched once for many tokens, also when they come at the same time', async () => {
    const { verify } = verifier();
    const tokens = await Promise.all(Array.from({ length: 20 }, () => mint()));
    const results = await Promise.all(tokens.map((token) => verify(token)));
    expect(results.every(({ kind }) => kind === 'verified')).toBe(true);
    expect(await calls()).toMatchObject({ 'altinn-openid-configuration': 1, 'altinn-jwks': 1 });
  });

  it.each([
    ['altinn', 'org=ttd', 'altinn-jwks'],
    ['idporten', 'pid=01817030080', 'idporten-jwks'],
    ['maskinporten', 'systemuser=5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c', 'jwks'],
  ])('are fetched again when a token names a new one (%s)', async (issuer, query, operation) => {
    const { verify } = verifier({}, Object.values(emulator.issuers));
    const old = await mint(query);
    expect(await verify(old)).toMatchObject({ kind: 'verified' });
    await control(`/emulator/keys/rotate?issuer=${issuer}`, { method: 'POST' });
    expect(await verify(await mint(query))).toMatchObject({ kind: 'verified' });
    expect(await verify(await mint(query))).toMatchObject({ kind: 'verified' });
    expect(await verify(old)).toMatchObject({ kind: 'verified' });
    expect(await calls()).toMatchObject({ [operation]: 2 });
  });

  it('are not fetched for each invented key', async () => {
    const { verify } = verifier({ keysCooldownMs: 60_000 });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(await verify(await mint('fault=unknown-key'))).toEqual({ kind: 'refused', reason: 'unknown-key' });
    }
    expect(await calls()).toMatchObject({ 'altinn-jwks': 1 });
  });

  it('are read anew in the background, and outlive an issuer that is away', async () => {
    const { verify } = verifier({ keysRefreshMs: 0, cachedTokensMax: 1 });
    await verify(await mint());
    await spoil('altinn-jwks', { status: 500 });
    expect(await verify(await mint())).toMatchObject({ kind: 'verified' });
    await expect.poll(calls).toMatchObject({ 'altinn-jwks': 2 });
    expect(await verify(await mint())).toMatchObject({ kind: 'verified' });
  });
});

describe('an issuer that cannot be reached', () => {
  it.each([
    ['altinn-openid-configuration', { status: 503 }],
    ['altinn-openid-configuration', { brokenJson: true }],
    ['altinn-openid-configuration', { reset: true }],
    ['altinn-openid-configuration', { delayMs: 60_000 }],
    ['altinn-jwks', { status: 503 }],
    ['altinn-jwks', { brokenJson: true }],
    ['altinn-jwks', { delayMs: 60_000 }],
  ])('is a fault of that request (%s, %j); a later one gets its answer', async (operation, fault) => {
    const { verify } = verifier({ timeoutMs: 200 });
    const token = await mint();
    await spoil(operation, { ...fault, times: 1 });
    await expect(verify(token)).rejects.toThrow(UpstreamFailure);
    expect(await verify(token)).toMatchObject({ kind: 'verified' });
  });

  it('does not harm the tokens of others, and is not mistaken for one that does not exist', async () => {
    const { verify } = verifier({}, [deadAddress, ...bothIssuers()]);
    expect(await verify(await mint())).toMatchObject({ kind: 'verified' });
    await expect(verify(await mint('fault=wrong-issuer'))).rejects.toThrow(UpstreamFailure);
  });

  it('is left alone for a while', async () => {
    const { verify } = verifier({ retryAfterMs: 60_000 });
    await spoil('altinn-openid-configuration', { status: 503 });
    await expect(verify(await mint())).rejects.toThrow(UpstreamFailure);
    await expect(verify(await mint())).rejects.toThrow(UpstreamFailure);
    expect(await calls()).toMatchObject({ 'altinn-openid-configuration': 1 });
  });
});

function claimsOf(result: { kind: string; claims?: unknown }): unknown {
  expect(result.kind).toBe('verified');
  return result.claims;
}
