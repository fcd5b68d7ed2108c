import { execFile } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '@dialog/local/free-port';
import { createLocalJWKSet, createRemoteJWKSet, decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type GatewayFixture, openGatewayFixture, serviceProvider } from './testing/gateway-fixture.ts';
import { type GatewayProcess, gatewayEnvironment, spawnGateway } from './testing/gateway-process.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'dialog-tokens-'));
const organization = (number: string) => `urn:altinn:organization:identifier-no:${number}`;
const fish = organization('313007103');
const permit = 'urn:altinn:resource:ttd-building-permit';
const kari = { pid: '01817030080' };
const karisNumber = 'urn:altinn:person:identifier-no:01817030080';
const systemuser = { systemuser: '5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c' };

let fixture: GatewayFixture;
let gateway: GatewayProcess;
let base: string;
let env: Record<string, string>;
beforeAll(async () => {
  fixture = await openGatewayFixture();
  fixture.startWorker();
  const port = await freePort();
  env = {
    ...(await gatewayEnvironment(fixture, folder)),
    ...{ PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}`, DIALOG_TOKEN_KEYS_RECHECK_MS: '0' },
  };
  gateway = spawnGateway(env);
  base = await gateway.listening();
});
afterAll(async () => {
  await gateway.stop();
  await fixture.close();
  rmSync(folder, { recursive: true });
});

async function created(more: object = {}): Promise<string> {
  const title = { value: [{ languageCode: 'nb', value: 'Byggesøknad' }] };
  const guiActions = ['write', 'delete'].map((action) => ({
    ...{ action, url: 'https://ttd.example/118', priority: 'Tertiary', title: title.value },
  }));
  const transmissions = [
    {
      ...{ type: 'Information', sender: { actorType: 'ServiceOwner' }, content: { title } },
      authorizationAttribute: 'urn:altinn:subresource:neighbours',
    },
  ];
  const answer = await fetch(`${base}/api/v1/serviceowner/dialogs`, {
    method: 'POST',
    headers: { ...(await fixture.as('ttd', serviceProvider)), 'Content-Type': 'application/json' },
    body: JSON.stringify({
      ...{ serviceResource: permit, party: fish, content: { title }, guiActions, transmissions },
      ...more,
    }),
  });
  if (answer.status !== 201) throw new Error(await answer.text());
  return z.string().parse(await answer.json());
}

async function tokenFor(id: string, user: Record<string, string> = kari): Promise<string> {
  const answer = await fetch(`${base}/api/v1/enduser/dialogs/${id}`, { headers: await fixture.asEndUser(user) });
  if (answer.status !== 200) throw new Error(await answer.text());
  return z.object({ dialogToken: z.string() }).parse(await answer.json()).dialogToken;
}

/** What a service owner's endpoint does, which knows nothing but whose tokens it takes. */
async function receive(token: string): Promise<JWTPayload> {
  const issuer = `${base}/api/v1`;
  const metadata = await (await fetch(`${issuer}/.well-known/oauth-authorization-server`)).json();
  const { jwks_uri } = z.object({ issuer: z.literal(issuer), jwks_uri: z.url() }).parse(metadata);
  const keys = createRemoteJWKSet(new URL(jwks_uri));
  return (await jwtVerify(token, keys, { issuer, algorithms: ['EdDSA'], typ: 'JWT' })).payload;
}

const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })) });

async function publishedKeys() {
  return keySet.parse(await (await fetch(`${base}/api/v1/.well-known/jwks.json`)).json());
}

describe('a dialog token', () => {
  it('tells its receiver for ten minutes who may do what with which dialog, and is another each time', async () => {
    const id = await created();
    const token = await tokenFor(id);
    const { keys } = await publishedKeys();
    expect(decodeProtectedHeader(token)).toStrictEqual({ alg: 'EdDSA', typ: 'JWT', kid: keys[0]?.kid });
    const claims = await receive(token);
    const { iat = 0 } = claims;
    expect(claims).toStrictEqual({
      ...{ jti: expect.stringMatching(/^[0-9a-f-]{36}$/), c: karisNumber, l: 4, p: fish, s: permit, i: id },
      a: 'read;transmissionread,urn:altinn:subresource:neighbours;write',
      ...{ iss: `${base}/api/v1`, iat, nbf: iat, exp: iat + 600 },
    });
    expect(Math.abs(iat - Date.now() / 1000)).toBeLessThan(30);
    expect((await receive(await tokenFor(id))).jti).not.toBe(claims.jti);
  });

  it('can be verified with nothing but Ed25519 over its first two parts', async () => {
    const [header = '', claims = '', signature = ''] = (await tokenFor(await created())).split('.');
    const { keys } = await publishedKeys();
    const { kid } = z.object({ kid: z.string() }).parse(JSON.parse(Buffer.from(header, 'base64url').toString()));
    const jwk = keys.find((one) => one.kid === kid);
    if (jwk === undefined) throw new Error('The key is not published.');
    const key = createPublicKey({ format: 'jwk', key: { ...jwk } });
    expect(signature).toMatch(/^[\w-]{86}$/);
    const signed = (text: string) => verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64url'));
    expect([signed(`${header}.${claims}`), signed(`${header}.${claims}x`)]).toEqual([true, false]);
  });

  const vendor = organization('313007308');
  const system = { c: vendor, y: `urn:altinn:systemuser:uuid:${systemuser.systemuser}`, o: fish, l: 3 };
  const supplier = '310002003';

  it.each<[string, Record<string, string>, object]>([
    ['a person', { ...kari, level: '3' }, { c: karisNumber, l: 3 }],
    ['a person with an account at Altinn', { ...kari, issuer: 'altinn' }, { c: karisNumber, l: 4 }],
    ['a system user', systemuser, system],
    ['a system user whose details are one object', { ...systemuser, details: 'object' }, system],
    ['a system user with an exchanged token', { ...systemuser, issuer: 'altinn' }, system],
    ['a system user of a supplier', { ...systemuser, supplier }, { ...system, u: organization(supplier) }],
  ])('of %s names who called, and nobody else', async (_, user, expected) => {
    const { c, y, o, u, l } = await receive(await tokenFor(await created(), user));
    expect(JSON.parse(JSON.stringify({ c, y, o, u, l }))).toEqual(expected);
  });
});

it('of an e-mail user names the address, at the lowest level', async () => {
  const party = 'urn:altinn:person:idporten-email:kari@example.com';
  const id = await created({ party, serviceResource: 'urn:altinn:resource:ttd-newsletter' });
  const claims = await receive(await tokenFor(id, { email: 'kari@example.com', issuer: 'altinn' }));
  expect(claims).toMatchObject({ c: party, l: 0, p: party, a: 'read' });
});

describe('the keys of dialog tokens', () => {
  const rotate = () =>
    promisify(execFile)(process.execPath, [path.join(import.meta.dirname, 'keys.ts'), 'rotate', '--force'], {
      env: { PATH: process.env.PATH, DIALOG_TOKEN_KEYS_FILE: env.DIALOG_TOKEN_KEYS_FILE },
    });

  it('can be rotated while tokens are on their way, and while receivers still have the old set', async () => {
    const id = await created();
    const before = await tokenFor(id);
    const yesterday = createLocalJWKSet(await publishedKeys());
    const kidOf = (token: string) => decodeProtectedHeader(token).kid;

    await rotate();
    const after = await tokenFor(id);
    expect(kidOf(after)).not.toBe(kidOf(before));
    expect((await receive(before)).i).toBe(id);
    expect((await receive(after)).i).toBe(id);
    // Whoever keeps keys for a day has had the next one for two.
    expect((await jwtVerify(after, yesterday)).payload.i).toBe(id);

    await rotate();
    expect(kidOf(await tokenFor(id))).toBe(kidOf(after));
    expect((await receive(after)).i).toBe(id);
    await expect(receive(before)).rejects.toThrow('no applicable key');
    expect((await publishedKeys()).keys).toHaveLength(2);
  });
});
