import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Emulator, startEmulator } from '@dialog/altinn-emulator/emulator';
import { parseConfig } from '@dialog/telemetry/config';
import { createLogger } from '@dialog/telemetry/logger';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { decisionRequest } from '../details-authorization.ts';
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
  await control('DELETE', '/emulator/decision-point');
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

  it('need not be asked for where the platform has told them with whom the person may act for', async () => {
    for (const list of ['authorisedParties', 'representedParties'] as const) {
      const { partyNames, ...lists } = platform();
      await lists[list](kari, []);
      expect(await partyNames.nameOf(kari)).toBe('Fisker Kari Anne');
      expect(await calls('party-names')).toBe(0);
    }
    const { partyNames, authorisedParties } = platform();
    const nameless = 'urn:altinn:person:identifier-no:11848110045';
    await authorisedParties(nameless, []);
    expect(await partyNames.nameOf(nameless)).toBeUndefined();
    expect(await partyNames.nameOf('urn:altinn:organization:identifier-no:313007103')).toBe('Børgefisk AS');
    expect(await calls('party-names')).toBe(2);
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

describe('authorised parties', () => {
  const person = (number: string) => `urn:altinn:person:identifier-no:${number}`;
  const organization = (number: string) => `urn:altinn:organization:identifier-no:${number}`;
  const ola = person('05826510058');
  const fish = organization('313007103');
  const north = organization('313007200');

  it('are whom a person may act for, sub-units among them, by roles, access packages and delegations', async () => {
    const { authorisedParties } = platform();
    expect(await authorisedParties(kari, [])).toEqual([
      {
        ...{ party: kari, name: 'Kari Anne Fisker', subjects: ['urn:altinn:rolecode:priv'] },
        ...{ resources: [], instances: [] },
      },
      {
        ...{ party: fish, name: 'Børgefisk AS', resources: [], instances: [] },
        subjects: ['urn:altinn:rolecode:dagl', 'urn:altinn:rolecode:admai', 'urn:altinn:accesspackage:fiske'],
      },
      {
        ...{ party: north, name: 'Børgefisk AS avd. Nord', subjects: ['urn:altinn:rolecode:dagl'] },
        ...{ resources: [], instances: [] },
      },
    ]);
    const ofOla = await authorisedParties(ola, []);
    // The main unit is there for the hierarchy alone.
    expect(ofOla.map(({ party }) => party)).toEqual([ola, organization('313007308'), north]);
    expect(ofOla[1]?.resources).toEqual(['urn:altinn:resource:ttd-catch-report']);
    expect(ofOla[2]?.instances).toEqual([
      {
        resource: 'urn:altinn:resource:ttd-building-permit',
        reference: 'urn:altinn:dialog-id:019cf0a2-6d5e-7c31-9d44-0f6a1b2c3d01',
      },
      {
        resource: 'urn:altinn:resource:app_ttd_registration',
        reference: 'urn:altinn:instance-id:50081234/5d2f3c1e-8a44-4b0f-b1b2-7f5c6e4d3a02',
      },
      {
        resource: 'urn:altinn:resource:ttd-correspondence',
        reference: 'urn:altinn:correspondence-id:7e9a4c52-8a44-4b0f-b1b2-7f5c6e4d3a03',
      },
      { resource: 'urn:altinn:resource:ttd-catch-report', reference: null },
    ]);
  });

  it('are asked for by party, and kept for each question, however it is put', async () => {
    const { authorisedParties } = platform();
    expect((await authorisedParties(ola, [north, fish])).map(({ party }) => party)).toEqual([north]);
    expect(await authorisedParties(ola, [fish.toUpperCase(), north, fish])).toHaveLength(1);
    expect(await calls('authorised-parties')).toBe(1);
    expect((await authorisedParties(ola, [ola])).map(({ party }) => party)).toEqual([ola]);
    expect(await calls('authorised-parties')).toBe(2);
  });

  it('can be a thousand', async () => {
    const all = await platform().authorisedParties(person('12839020064'), []);
    expect(new Set(all.map(({ party }) => party)).size).toBe(1001);
  });

  it('are nobody only where a party was asked for', async () => {
    const { authorisedParties } = platform();
    const nobody = person('18917550073');
    expect(await authorisedParties(nobody, [fish])).toEqual([]);
    await expect(authorisedParties(nobody, [])).rejects.toThrow(UpstreamFailure);
    expect((await authorisedParties(person('24857430073'), [])).map(({ name }) => name)).toEqual(['Mononymus']);
  });

  it('are an upstream failure when they cannot be had, unless there are some that are old', async () => {
    const { authorisedParties } = platform({ cache: { freshMs: 0 } });
    const known = await authorisedParties(kari, []);
    for (const fault of [{ status: 500 }, { status: 403 }, { reset: true }, { brokenJson: true }]) {
      await spoil('authorised-parties', fault);
      expect(await authorisedParties(kari, [])).toEqual(known);
      await expect(authorisedParties(ola, [])).rejects.toThrow(UpstreamFailure);
    }
  });
});

describe('decision point', () => {
  const dialog = {
    id: '019c2a6e-5a10-7d2b-9d51-b9a6c0f0a111',
    party: 'urn:altinn:organization:identifier-no:313007103',
    serviceResource: 'urn:altinn:resource:ttd-building-permit',
    serviceOwnerLabels: [],
  };
  const pairs = [
    { action: 'delete', attribute: 'main' },
    { action: 'read', attribute: 'main' },
    { action: 'sign', attribute: 'urn:altinn:resource:app_ttd_registration' },
    { action: 'transmissionread', attribute: 'neighbours' },
    { action: 'transmissionread', attribute: 'other' },
    { action: 'write', attribute: 'any-part' },
  ];
  const request = (subject = kari, changed: Partial<typeof dialog> = {}) =>
    decisionRequest(subject, { ...dialog, ...changed }, pairs);

  it('answers the questions in their order', async () => {
    expect(await platform().decisionPoint(request())).toEqual([
      ...['NotApplicable', 'Permit', 'NotApplicable', 'Permit', 'NotApplicable', 'Permit'],
    ]);
  });

  it('knows users by their accounts, and users who are parties by the number of their party', async () => {
    const { decisionPoint } = platform();
    expect(await decisionPoint(request('urn:altinn:userid:20012345'))).toEqual(await decisionPoint(request()));
    const minted = await (await control('GET', '/emulator/token?pid=01817030080&issuer=altinn')).text();
    const own = { party: `urn:altinn:partyid:${decodeJwt(minted)['urn:altinn:partyid']}` };
    expect(await decisionPoint(request(kari, own))).toEqual(await decisionPoint(request(kari, { party: kari })));
    expect(await decisionPoint(request(kari, own))).toContain('Permit');
  });

  it('knows parties, instances and apps', async () => {
    const { decisionPoint } = platform();
    const ola = 'urn:altinn:person:identifier-no:05826510058';
    const permitted = async (...asked: Parameters<typeof request>) =>
      (await decisionPoint(request(...asked))).filter((decision) => decision === 'Permit').length;
    expect(await permitted(ola)).toBe(0);
    expect(await permitted(ola, { id: '019cf0a2-6d5e-7c31-9d44-0f6a1b2c3d01' })).toBe(2);
    const app = { ...dialog, serviceResource: 'urn:altinn:resource:app_ttd_registration' };
    const task = [{ action: 'sign', attribute: 'urn:altinn:task:Task_1' }];
    expect(await decisionPoint(decisionRequest(kari, app, task))).toEqual(['Permit']);
  });

  it('is asked once for what it has been asked', async () => {
    const { decisionPoint } = platform();
    await Promise.all([decisionPoint(request()), decisionPoint(request())]);
    await decisionPoint(request());
    expect(await calls('decision-point')).toBe(1);
    await decisionPoint(request('urn:altinn:person:identifier-no:05826510058'));
    expect(await calls('decision-point')).toBe(2);
  });

  it('may name members in either way, and leave answers out', async () => {
    await control('POST', '/emulator/decision-point', { camelCase: true, fewer: 4 });
    expect(await platform().decisionPoint(request())).toEqual(['NotApplicable', 'Permit']);
  });

  it('that could not decide is told of without the person', async () => {
    await control('POST', '/emulator/decision-point', { indeterminate: true });
    const lines: string[] = [];
    const { decisionPoint } = openPlatform(parseConfig(schema, environment()), {
      log: createLogger('test', 'error', { write: (line) => lines.push(line) }),
    });
    const party = 'urn:altinn:person:idporten-email:kari@fisk.example';
    expect(new Set(await decisionPoint(request(kari, { party })))).toEqual(new Set(['Indeterminate']));
    expect(lines.join()).toContain('ttd-building-permit');
    expect(lines.join()).not.toMatch(/01817030080|kari@fisk/);
  });

  it('is an upstream failure when it does not answer, unless it has', async () => {
    const { decisionPoint } = platform({ cache: { freshMs: 0, staleWaitMs: 50 } });
    const known = await decisionPoint(request());
    for (const fault of [{ status: 500 }, { status: 400 }, { reset: true }, { brokenJson: true }]) {
      await spoil('decision-point', fault);
      expect(await decisionPoint(request())).toEqual(known);
      await expect(decisionPoint(request('urn:altinn:userid:1'))).rejects.toThrow(UpstreamFailure);
    }
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
