import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Emulator, startEmulator } from '@dialog/altinn-emulator/emulator';
import { parseConfig } from '@dialog/telemetry/config';
import { createLogger } from '@dialog/telemetry/logger';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { UpstreamFailure } from '../upstream-failure.ts';
import type { CacheSettings } from './fresh-cache.ts';
import { createUpstream, type UpstreamSettings } from './http.ts';
import { openPlatform, platformSettings, platformVariables } from './platform.ts';

const log = createLogger('test', 'silent');
const ttd = '310001007';
const kari = 'urn:altinn:person:identifier-no:01817030080';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());
beforeEach(async () => {
  await control('DELETE', '/emulator/faults');
  await control('DELETE', '/emulator/calls');
});

function control(method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${emulator.baseUrl}${path}`, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
}

function spoil(operation: string, fault: object): Promise<Response> {
  return control('POST', '/emulator/faults', { operation, ...fault });
}

async function calls(operation: string): Promise<number | undefined> {
  return z.record(z.string(), z.number()).parse(await (await control('GET', '/emulator/calls')).json())[operation];
}

function environment({ baseUrl, platformClient } = emulator) {
  return {
    ALTINN_PLATFORM_URL: `${baseUrl}/`,
    ALTINN_SUBSCRIPTION_KEY: 'any',
    MASKINPORTEN_CLIENT_ID: platformClient.clientId,
    MASKINPORTEN_CLIENT_JWK: Buffer.from(JSON.stringify(platformClient.jwk)).toString('base64'),
  };
}

const schema = z.object(platformVariables).transform(platformSettings);

type Changes = { upstream?: Partial<UpstreamSettings>; cache?: Partial<CacheSettings>; env?: NodeJS.ProcessEnv };

function platform({ upstream, cache, env = environment() }: Changes = {}) {
  const impatient = { retryDelayMs: 1, trialAfterMs: 1, ...upstream };
  return openPlatform(parseConfig(schema, env), { log, upstream: impatient, ...(cache !== undefined && { cache }) });
}

describe('resource registry', () => {
  it('tells type, owner, names and status of a resource, however its id is written', async () => {
    const { resources } = platform();
    expect(await resources.resource('urn:altinn:resource:TTD-building-permit')).toEqual({
      urn: 'urn:altinn:resource:ttd-building-permit',
      type: 'genericaccessresource',
      org: 'ttd',
      orgNumber: ttd,
      status: 'completed',
      delegable: true,
      title: new Map([
        ['nb', 'Byggesøknad'],
        ['en', 'Building permit'],
        ['nn', 'Byggesøknad'],
      ]),
      description: new Map([
        ['nb', 'Byggesøknad.'],
        ['en', 'Building permit.'],
      ]),
    });
    const without = await resources.resource('urn:altinn:resource:ttd-without-status');
    expect(without?.status).toBe('');
  });

  it.each(['ttd-consent', 'ttd-altinn2', 'ttd-default', 'ttd-without-orgcode', 'ttd-without-owner', 'nothing'])(
    'does not know %s',
    async (id) => {
      expect(await platform().resources.resource(`urn:altinn:resource:${id}`)).toBeUndefined();
    },
  );

  it('tells what an organisation owns, and its short name', async () => {
    const { resources } = platform();
    expect(await resources.resourcesOwnedBy('310005002')).toEqual(
      new Set(['skd-tax-return', 'skd-vat-return', 'skd-correspondence'].map((id) => `urn:altinn:resource:${id}`)),
    );
    const owned = await resources.resourcesOwnedBy(ttd);
    expect([...owned]).toEqual(expect.arrayContaining(['urn:altinn:resource:ttd-mixed-case']));
    expect([...owned]).toEqual(expect.arrayContaining(['urn:altinn:resource:ttd-migrated-form']));
    expect(await resources.resourcesOwnedBy('313007103')).toEqual(new Set());
    expect(await resources.orgCodeOf(ttd)).toBe('ttd');
    expect(await resources.orgCodeOf('313007103')).toBeUndefined();
  });

  it('reads the list once for everybody', async () => {
    const { resources } = platform();
    await Promise.all([resources.orgCodeOf(ttd), resources.resourcesOwnedBy(ttd), resources.orgCodeOf(ttd)]);
    await resources.orgCodeOf(ttd);
    expect(await calls('resource-list')).toBe(1);
  });

  it('notices a new owner in the background', async () => {
    const fixturesDir = await mkdtemp(join(tmpdir(), 'fixtures-'));
    onTestFinished(() => rm(fixturesDir, { recursive: true }));
    const original = join(fileURLToPath(import.meta.resolve('@dialog/altinn-emulator/emulator')), '../../data');
    await cp(original, fixturesDir, { recursive: true });
    const own = await startEmulator({ fixturesDir });
    onTestFinished(() => own.close());
    const { resources } = platform({ env: environment(own), cache: { freshMs: 0 } });
    const permit = 'urn:altinn:resource:ttd-building-permit';
    expect((await resources.resource(permit))?.org).toBe('ttd');

    const file = join(fixturesDir, 'resources.json');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('"orgcode": "TTD"', '"orgcode": "NAV"'));
    await expect.poll(async () => (await resources.resource(permit))?.org).toBe('nav');
  });

  it('goes on with the list that it has when the registry is away', async () => {
    const { resources } = platform({ cache: { freshMs: 0 } });
    await resources.orgCodeOf(ttd);
    for (const fault of [{ status: 500 }, { reset: true }, { brokenJson: true }, { status: 404 }]) {
      await spoil('resource-list', fault);
      expect(await resources.orgCodeOf(ttd)).toBe('ttd');
    }
  });

  it.each([
    ['an error status', { status: 500 }],
    ['a refusal', { status: 403 }],
    ['broken JSON', { brokenJson: true }],
    ['a broken connection', { reset: true }],
    ['no answer in time', { delayMs: 60_000 }],
  ])('is an upstream failure when there is no list yet and the registry gives %s', async (_, fault) => {
    const { resources } = platform({ upstream: { attemptTimeoutMs: 100, retries: 1 } });
    await spoil('resource-list', fault);
    await expect(resources.orgCodeOf(ttd)).rejects.toThrow(UpstreamFailure);
    await control('DELETE', '/emulator/faults');
    await expect.poll(() => resources.orgCodeOf(ttd)).toBe('ttd');
  });

  it('lets nobody wait longer than the limit for the first list', async () => {
    const { resources } = platform({ cache: { waitMs: 50 } });
    await spoil('resource-list', { delayMs: 60_000 });
    await expect(resources.orgCodeOf(ttd)).rejects.toThrow('within 50 ms');
  });
});

describe('organisations', () => {
  it('are known by number, faulty entries left out', async () => {
    const { organisations } = platform();
    expect(await organisations.organisation(ttd)).toMatchObject({ org: 'ttd' });
    expect((await organisations.organisation(ttd))?.names.get('en')).toBe('The Test Ministry');
    expect(await organisations.organisation('310004006')).toMatchObject({ org: 'nav' });
    expect(await organisations.organisation('313007103')).toBeUndefined();
    expect(await calls('organisation-list')).toBe(1);
  });
});

describe('party names', () => {
  it('are the register’s, surname first for persons', async () => {
    const { partyNames } = platform();
    expect(await partyNames.nameOf(kari)).toBe('Fisker Kari Anne');
    expect(await partyNames.nameOf(kari.toUpperCase())).toBe('Fisker Kari Anne');
    expect(await partyNames.nameOf('urn:altinn:person:identifier-no:24857430073')).toBe('Mononymus');
    expect(await partyNames.nameOf('urn:altinn:organization:identifier-no:313007103')).toBe('Børgefisk AS');
    expect(await calls('party-names')).toBe(3);
  });

  it('are unknown where the register knows none, and asked for again', async () => {
    const { partyNames } = platform();
    for (const unknown of ['12345678901', '11848110045', '11848110045']) {
      expect(await partyNames.nameOf(`urn:altinn:person:identifier-no:${unknown}`)).toBeUndefined();
    }
    expect(await calls('party-names')).toBe(3);
  });

  it('of self-identified users are what they call themselves', async () => {
    const { partyNames } = platform();
    expect(await partyNames.nameOf('urn:altinn:person:idporten-email:Kari@fisk.example')).toBe('kari@fisk.example');
    expect(await partyNames.nameOf('urn:altinn:person:legacy-selfidentified:kari')).toBe('kari');
    expect(await partyNames.nameOf(`urn:altinn:feide-subject:${'0123456789abcdef'.repeat(4)}`)).toBe(
      'Feide User (012345)',
    );
    expect(await partyNames.nameOf('urn:other:1')).toBeUndefined();
    expect(await calls('party-names')).toBe(0);
  });

  it('of new system users are waited for', async () => {
    const { partyNames } = platform();
    const late = 'urn:altinn:systemuser:uuid:0d9f6d5e-8a44-4f0b-b1b2-7f5c6e4d3a21';
    expect(await partyNames.nameOf(late)).toBe('Nytt lønnssystem');
    expect(await calls('party-names')).toBe(3);
  });

  it('cost one token for many', async () => {
    const { partyNames } = platform();
    await Promise.all(
      [1, 2, 3].map((last) => partyNames.nameOf(`urn:altinn:organization:identifier-no:31300710${last}`)),
    );
    expect(await partyNames.nameOf(kari)).toBeDefined();
    expect(await calls('maskinporten-token')).toBe(1);
    expect(await calls('exchange')).toBe(1);
  });

  it('are asked for once more with a new token after a 401, and no more than once', async () => {
    const { partyNames } = platform();
    await spoil('party-names', { status: 401, times: 1 });
    expect(await partyNames.nameOf(kari)).toBe('Fisker Kari Anne');
    expect(await calls('exchange')).toBe(2);
    await spoil('party-names', { status: 401 });
    await expect(partyNames.nameOf('urn:altinn:organization:identifier-no:313007103')).rejects.toThrow(UpstreamFailure);
    expect(await calls('party-names')).toBe(4);
  });

  it.each(['maskinporten-token', 'exchange', 'party-names'])(
    'are an upstream failure when %s fails',
    async (operation) => {
      for (const fault of [{ status: 400 }, { brokenJson: true }]) {
        await spoil(operation, fault);
        await expect(platform().partyNames.nameOf(kari)).rejects.toThrow(UpstreamFailure);
      }
    },
  );

  it('are asked for without a token by who has no client', async () => {
    const { partyNames } = platform({ env: { ALTINN_PLATFORM_URL: emulator.baseUrl } });
    await expect(partyNames.nameOf(kari)).rejects.toThrow('status 401');
    expect(await calls('maskinporten-token')).toBe(0);
  });
});

describe('upstream calls', () => {
  it.each([{ status: 500 }, { status: 408 }, { reset: true }])(
    'are tried again three times after %j',
    async (fault) => {
      await spoil('organisation-list', { ...fault, times: 3 });
      expect(await platform().organisations.organisation(ttd)).toBeDefined();
      expect(await calls('organisation-list')).toBe(4);
    },
  );

  it.each([{ status: 404 }, { status: 429 }, { brokenJson: true }])('are not tried again after %j', async (fault) => {
    await spoil('organisation-list', { ...fault, times: 1 });
    await expect(platform().organisations.organisation(ttd)).rejects.toThrow(UpstreamFailure);
    expect(await calls('organisation-list')).toBe(1);
  });

  it('are given up after too many failures in a row, until a trial succeeds', async () => {
    const { organisations, resources } = platform({
      upstream: { retries: 0, breakAfterFailures: 2, trialAfterMs: 100 },
    });
    await spoil('organisation-list', { status: 500 });
    for (let call = 0; call < 5; call += 1) {
      await expect(organisations.organisation(ttd)).rejects.toThrow(UpstreamFailure);
    }
    expect(await calls('organisation-list')).toBe(2);
    expect(await resources.orgCodeOf(ttd)).toBe('ttd');
    await control('DELETE', '/emulator/faults');
    await expect.poll(() => organisations.organisation(ttd).catch(() => 'not yet')).toMatchObject({ org: 'ttd' });
  });

  it('tell the operation and status of a failure, and no person', async () => {
    await spoil('party-names', { status: 418 });
    const failure = await platform()
      .partyNames.nameOf(kari)
      .catch((err: unknown) => err);
    expect(failure).toMatchObject({ operation: 'party names', status: 418 });
    expect(String(failure)).not.toContain('01817030080');
  });

  it('read members whatever the letter case of their names', async () => {
    const server = createServer((_, response) => response.end('{"DATA":[{"displayName":"x","other":1}]}'));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => {
      server.close();
    });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const answer = await createUpstream({}, log).readJson(
      { operation: 'test', url: `http://127.0.0.1:${port}` },
      z.object({ data: z.array(z.object({ displayname: z.string() })) }),
    );
    expect(answer.data).toEqual([{ displayname: 'x' }]);
  });
});

describe('platform settings', () => {
  it.each([
    ['https://platform.altinn.no', 'https://altinncdn.no', 'https://maskinporten.no'],
    ['https://platform.tt02.altinn.no/', 'https://altinncdn.no', 'https://test.maskinporten.no'],
    ['https://platform.at23.altinn.cloud', 'https://altinncdn.no', 'https://test.maskinporten.no'],
    ['http://127.0.0.1:4310/', 'http://127.0.0.1:4310', 'http://127.0.0.1:4310'],
    ['https://platform.altinn.no.evil.example', ...Array<string>(2).fill('https://platform.altinn.no.evil.example')],
  ])('at %s has its CDN at %s and Maskinporten at %s', (platformUrl, cdnUrl, maskinportenUrl) => {
    expect(parseConfig(schema, { ALTINN_PLATFORM_URL: platformUrl })).toMatchObject({ cdnUrl, maskinportenUrl });
  });

  it.each([
    [{ ALTINN_PLATFORM_URL: undefined }, 'ALTINN_PLATFORM_URL: must be set'],
    [{ ALTINN_PLATFORM_URL: 'nonsense' }, 'ALTINN_PLATFORM_URL: must be a URL'],
    [{ MASKINPORTEN_CLIENT_JWK: 'nonsense' }, 'MASKINPORTEN_CLIENT_JWK: must be a private RSA key'],
    [{ MASKINPORTEN_CLIENT_JWK: undefined }, 'MASKINPORTEN_CLIENT_JWK: must be set'],
    [{ MASKINPORTEN_CLIENT_ID: undefined }, 'MASKINPORTEN_CLIENT_ID: must be set'],
  ])('refuse %j', (wrong, message) => {
    expect(() => parseConfig(schema, { ...environment(), ...wrong })).toThrow(message);
  });
});
