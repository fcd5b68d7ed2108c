import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  importJWK,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from 'jose';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { type Emulator, startEmulator } from './emulator.ts';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator.close());

const lookupScope = 'altinn:register/partylookup.admin';

function url(path: string): string {
  return `${emulator.baseUrl}${path}`;
}

async function mint(query = '', { baseUrl } = emulator): Promise<string> {
  const answer = await fetch(`${baseUrl}/emulator/token${query}`);
  expect(answer.status).toBe(200);
  return answer.text();
}

async function keysBy(metadataUrl: string) {
  const metadata = z.object({ issuer: z.string(), jwks_uri: z.url() }).parse(await (await fetch(metadataUrl)).json());
  return { issuer: metadata.issuer, keys: createRemoteJWKSet(new URL(metadata.jwks_uri)) };
}

async function assertion(change: JWTPayload = {}, client = emulator.platformClient): Promise<string> {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: client.clientId, aud: emulator.issuers.maskinporten, scope: lookupScope, iat, exp: iat + 120 };
  return new SignJWT({ ...claims, jti: 'one', ...change })
    .setProtectedHeader({ alg: 'RS256', kid: client.jwk.kid })
    .sign(await importJWK(client.jwk));
}

async function tokenFor(signedAssertion: string) {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: signedAssertion,
  });
  const answer = await fetch(url('/token'), { method: 'POST', body });
  const fields = z.object({ access_token: z.string().optional(), error: z.string().optional() });
  return { status: answer.status, ...fields.parse(await answer.json()) };
}

function exchange(token: string) {
  const headers = { Authorization: `Bearer ${token}` };
  return fetch(url('/authentication/api/v1/exchange/maskinporten'), { headers });
}

describe('token mint', () => {
  it('gives a service owner token that the published keys verify', async () => {
    const metadataUrl = url('/authentication/api/v1/openid/.well-known/openid-configuration');
    const { issuer, keys } = await keysBy(metadataUrl);
    const { payload } = await jwtVerify(await mint('?org=skd&ttl=60'), keys, { issuer });
    expect(payload).toMatchObject({
      'urn:altinn:org': 'skd',
      'urn:altinn:orgNumber': '310005002',
      consumer: { authority: 'iso6523-actorid-upis', ID: '0192:310005002' },
      scope: expect.stringContaining('digdir:dialogporten.serviceprovider'),
      jti: expect.any(String),
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
  });

  it('gives Maskinporten tokens under both kinds of metadata document', async () => {
    const token = await mint('?issuer=maskinporten');
    for (const document of ['oauth-authorization-server', 'oauth-authorization-server/', 'openid-configuration']) {
      const { issuer, keys } = await keysBy(url(`/.well-known/${document}`));
      expect((await jwtVerify(token, keys, { issuer })).payload['urn:altinn:org']).toBeUndefined();
    }
  });

  it('says which orgs there are', async () => {
    const answer = await fetch(url('/emulator/token?org=fisk'));
    expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining('ttd')]);
  });

  it.each(['?fault=odd', '?ttl=x', '?unknown=1'])('refuses %s', async (query) => {
    expect((await fetch(url(`/emulator/token${query}`))).status).toBe(400);
  });
});

describe('keys', () => {
  it('outlive a restart, readable by their owner alone', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'altinn-emulator-'));
    onTestFinished(() => rm(dataDir, { recursive: true }));
    const first = await startEmulator({ dataDir });
    const token = await mint('', first);
    await first.close();
    const second = await startEmulator({ dataDir });
    onTestFinished(() => second.close());
    const { keys } = await keysBy(`${second.baseUrl}/authentication/api/v1/openid/.well-known/openid-configuration`);
    await jwtVerify(token, keys);
    expect(second.platformClient).toEqual(first.platformClient);
    expect(await readdir(join(dataDir, 'keys'))).toContain('client-ttd-integration.jwk.json');
    for (const file of await readdir(join(dataDir, 'keys'))) {
      expect((await stat(join(dataDir, 'keys', file))).mode & 0o777).toBe(0o600);
    }
  });

  it('can be rotated; old tokens stay good', async () => {
    const old = await mint();
    await fetch(url('/emulator/keys/rotate?issuer=altinn'), { method: 'POST' });
    const { keys } = await keysBy(url('/authentication/api/v1/openid/.well-known/openid-configuration'));
    const young = await mint();
    expect(decodeProtectedHeader(young).kid).not.toBe(decodeProtectedHeader(old).kid);
    await jwtVerify(old, keys);
    await jwtVerify(young, keys);
  });
});

describe('Maskinporten and the exchange', () => {
  it('give a platform token for a signed assertion', async () => {
    const { status, access_token } = await tokenFor(await assertion());
    expect(status).toBe(200);
    const answer = await exchange(access_token ?? '');
    expect(answer.status).toBe(200);
    expect(decodeJwt(await answer.text())).toMatchObject({
      iss: emulator.issuers.altinn,
      scope: lookupScope,
      'urn:altinn:org': 'digdir',
    });
  });

  it.each([
    ['audience', { aud: 'https://other.example/' }, 'invalid_grant'],
    ['age', { iat: 1_700_000_000, exp: 1_700_000_100 }, 'invalid_grant'],
    ['length of life', { exp: Math.floor(Date.now() / 1000) + 400 }, 'invalid_grant'],
    ['client', { iss: 'nobody' }, 'invalid_grant'],
    ['scope', { scope: 'digdir:dialogporten.serviceprovider.admin' }, 'invalid_scope'],
  ])('refuse an assertion of the wrong %s', async (_, change, error) => {
    expect(await tokenFor(await assertion(change))).toEqual({ status: 400, error });
  });

  it('refuse an assertion that somebody else signed', async () => {
    const other = await startEmulator();
    onTestFinished(() => other.close());
    expect(await tokenFor(await assertion({}, other.platformClient))).toEqual({ status: 400, error: 'invalid_grant' });
  });

  it('do not exchange a token that Maskinporten did not give', async () => {
    expect((await exchange(await mint('?issuer=altinn'))).status).toBe(401);
    expect((await exchange('nonsense')).status).toBe(401);
  });
});

describe('registers', () => {
  const list = '/resourceregistry/api/v1/resource/resourcelist';
  const types = z.array(z.object({ resourceType: z.string() }));

  it('list resources, migrated apps only where asked for', async () => {
    const all = types.parse(await (await fetch(url(`${list}?includeMigratedApps=true`))).json());
    const some = types.parse(await (await fetch(url(list))).json());
    expect(all.length - some.length).toBe(1);
    expect(some.map(({ resourceType }) => resourceType)).not.toContain('MigratedApp');
  });

  it('give names of parties to who may ask', async () => {
    const maskinporten = await tokenFor(await assertion());
    const token = await (await exchange(maskinporten.access_token ?? '')).text();
    const ask = (urn: string, headers: Record<string, string>) =>
      fetch(url('/register/api/v1/dialogporten/parties/query'), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        body: JSON.stringify({ Data: [urn] }),
      });
    const right = { Authorization: `Bearer ${token}`, 'Ocp-Apim-Subscription-Key': 'any' };
    const kari = 'urn:altinn:person:identifier-no:01817030080';

    expect(await (await ask(kari, right)).json()).toMatchObject({ data: [{ displayName: 'Kari Anne Fisker' }] });
    expect(await (await ask('urn:altinn:person:identifier-no:1', right)).json()).toEqual({ data: [] });
    const late = 'urn:altinn:systemuser:uuid:0d9f6d5e-8a44-4f0b-b1b2-7f5c6e4d3a21';
    const counts: number[] = [];
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      counts.push(z.object({ data: z.array(z.unknown()) }).parse(await (await ask(late, right)).json()).data.length);
    }
    expect(counts).toEqual([0, 0, 1]);

    expect((await ask(kari, { ...right, Authorization: 'Bearer x' })).status).toBe(401);
    expect((await ask(kari, { Authorization: right.Authorization })).status).toBe(401);
    expect((await ask(kari, { ...right, Authorization: `Bearer ${await mint()}` })).status).toBe(403);
  });
});

describe('access management and the decision point', () => {
  const authorisedParties = '/accessmanagement/api/v1/resourceowner/authorizedparties';
  const decisions = '/authorization/api/v1/authorize';
  const parties = z.array(
    z.object({
      ...{ name: z.string(), organizationNumber: z.string().nullable(), personId: z.string().nullable() },
      ...{ partyId: z.int(), partyUuid: z.uuid(), onlyHierarchyElementWithNoAccess: z.boolean() },
      ...{ authorizedRoles: z.array(z.string()), authorizedInstances: z.array(z.unknown()) },
      subunits: z.array(z.object({ organizationNumber: z.string(), authorizedInstances: z.array(z.unknown()) })),
    }),
  );

  const scopes = 'altinn:accessmanagement/authorizedparties.admin altinn:authorization/authorize.admin';

  async function headers(scope = scopes) {
    const { access_token } = await tokenFor(await assertion({ scope }));
    const token = await (await exchange(access_token ?? '')).text();
    return { Authorization: `Bearer ${token}`, 'Ocp-Apim-Subscription-Key': 'any', 'Content-Type': 'application/json' };
  }
  function post(path: string, body: object, sent: Record<string, string>) {
    return fetch(url(path), { method: 'POST', headers: sent, body: JSON.stringify(body) });
  }
  async function partiesOf(number: string, filter: string[] = [], query = '?includeRoles=true&includeInstances=true') {
    const partyFilter = filter.map((Value) => ({ Type: 'urn:altinn:organization:identifier-no', Value }));
    const asked = { type: 'urn:altinn:person:identifier-no', value: number, partyFilter };
    const answer = await post(`${authorisedParties}${query}`, asked, await headers());
    return parties.parse(await answer.json());
  }

  it('answer only who has their scope', async () => {
    for (const path of [authorisedParties, decisions]) {
      expect((await post(path, {}, {})).status).toBe(401);
      expect((await post(path, {}, await headers(lookupScope))).status).toBe(403);
      expect((await post(path, {}, await headers())).status).toBe(400);
    }
  });

  it('tell roles that nobody asked for, if they have been told to', async () => {
    const control = (method: string, body?: object) =>
      fetch(url('/emulator/authorised-parties'), { method, ...(body && { body: JSON.stringify(body) }) });
    expect((await control('POST', { unaskedRoles: true })).status).toBe(204);
    expect((await partiesOf('01817030080', [], '?includeRoles=false'))[0]?.authorizedRoles).toEqual(['PRIV']);
    expect((await control('POST', { other: true })).status).toBe(400);
    await control('DELETE');
    expect((await partiesOf('01817030080', [], '?includeRoles=false'))[0]?.authorizedRoles).toEqual([]);
  });

  it.each([
    ['18917550073', 0],
    ['24857430073', 1],
    ['18917550588', 100],
    ['12839020064', 1_001],
    ['18917550669', 25_000],
  ])('know of %s that it may act for %i', async (number, count) => {
    const all = await partiesOf(number);
    expect(new Set(all.map(({ partyUuid }) => partyUuid)).size).toBe(count);
  });

  it('tell whom somebody may act for, as far as it is asked for', async () => {
    const [self, fish] = await partiesOf('01817030080');
    expect([self?.personId, fish?.authorizedRoles]).toEqual(['01817030080', ['DAGL', 'ADMAI']]);
    expect((await partiesOf('01817030080', [], ''))[1]?.authorizedRoles).toEqual([]);
    expect(await partiesOf('18917550235')).toMatchObject([{ personId: '18917550235', name: 'Ukjent' }]);
  });

  it('keep a unit that is not asked for where a sub-unit is, without its rights', async () => {
    const [fish, ...rest] = await partiesOf('01817030080', ['313007200']);
    expect(rest).toEqual([]);
    expect(fish).toMatchObject({ onlyHierarchyElementWithNoAccess: true, authorizedRoles: [] });
    expect(fish?.subunits.map(({ organizationNumber }) => organizationNumber)).toEqual(['313007200']);
  });

  it('decide by the policies, each question for itself, and say what a permission obliges to', async () => {
    const attributes = (...urns: string[]) => ({
      Attribute: urns.map((urn) => ({
        ...{ AttributeId: urn.slice(0, urn.lastIndexOf(':')), Value: urn.slice(urn.lastIndexOf(':') + 1) },
      })),
    });
    const fish = 'urn:altinn:organization:identifier-no:313007103';
    const resources = ['ttd-catch-report', 'ttd-inspection', 'ttd-not-delegable', 'ttd-without-status'];
    const actions = ['sign', 'write'];
    const question = {
      Request: {
        AccessSubject: [{ Id: 's1', ...attributes('urn:altinn:person:identifier-no:01817030080') }],
        Action: actions.map((action) => ({
          ...{ Id: action, ...attributes(`urn:oasis:names:tc:xacml:1.0:action:action-id:${action}`) },
        })),
        Resource: resources.map((id) => ({ Id: id, ...attributes(`urn:altinn:resource:${id}`, fish) })),
        MultiRequests: {
          RequestReference: actions.flatMap((action) => resources.map((id) => ({ ReferenceId: ['s1', id, action] }))),
        },
      },
    };
    const answers = z.object({
      Response: z.array(z.looseObject({ Decision: z.string(), Obligations: z.array(z.unknown()).optional() })),
    });
    const { Response } = answers.parse(await (await post(decisions, question, await headers())).json());
    expect(Response.map(({ Decision }) => Decision)).toEqual([
      ...['NotApplicable', 'Deny', 'Indeterminate', 'NotApplicable'],
      ...['Permit', 'Permit', 'Indeterminate', 'NotApplicable'],
    ]);
    expect(Response[0]).not.toHaveProperty('Obligations');
    expect(Response[4]).toEqual({
      ...{ Decision: 'Permit', Status: { StatusCode: { Value: 'urn:oasis:names:tc:xacml:1.0:status:ok' } } },
      Obligations: [
        {
          Id: 'urn:altinn:obligation:authenticationLevel1',
          AttributeAssignment: [
            {
              ...{ AttributeId: 'urn:altinn:obligation1-assignment1', Value: '4' },
              Category: 'urn:altinn:minimum-authenticationlevel',
              DataType: 'http://www.w3.org/2001/XMLSchema#integer',
            },
          ],
        },
      ],
    });
  });

  it('want to know a system user by one attribute', async () => {
    const uuid = '5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c';
    const ask = async (...Attribute: object[]) => {
      const Request = {
        AccessSubject: [{ Id: 's1', Attribute }],
        Action: [],
        Resource: [],
        MultiRequests: { RequestReference: [] },
      };
      return (await post(decisions, { Request }, await headers())).status;
    };
    const known = { AttributeId: 'urn:altinn:systemuser:uuid', Value: uuid };
    expect(await ask(known)).toBe(200);
    expect(await ask(known, { AttributeId: 'urn:altinn:userid', Value: '1' })).toBe(400);
  });

  it('do not apply the filter for a system user', async () => {
    const partyFilter = [{ Type: 'urn:altinn:organization:identifier-no', Value: '313007103' }];
    const value = '5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c';
    const asked = { type: 'urn:altinn:systemuser:uuid', value, partyFilter };
    expect(await (await post(authorisedParties, asked, await headers())).json()).toHaveLength(1);
  });
});

describe('faults', () => {
  const path = '/orgs/altinn-orgs.json';
  const spoil = (fault: object) =>
    fetch(url('/emulator/faults'), {
      method: 'POST',
      body: JSON.stringify({ operation: 'organisation-list', ...fault }),
    });

  it('spoil as many calls as said, and all are counted', async () => {
    await fetch(url('/emulator/calls'), { method: 'DELETE' });
    await spoil({ status: 503, times: 2 });
    const statuses = [await fetch(url(path)), await fetch(url(path)), await fetch(url(path))].map(
      ({ status }) => status,
    );
    expect(statuses).toEqual([503, 503, 200]);
    expect(await (await fetch(url('/emulator/calls'))).json()).toMatchObject({ 'organisation-list': 3, jwks: 0 });
  });

  it('break the answer, or the connection, until taken back', async () => {
    await spoil({ brokenJson: true });
    await expect((await fetch(url(path))).json()).rejects.toThrow(SyntaxError);
    await spoil({ reset: true });
    await expect(fetch(url(path))).rejects.toThrow('fetch failed');
    await fetch(url('/emulator/faults'), { method: 'DELETE' });
    expect((await fetch(url(path))).status).toBe(200);
  });

  it('delay the answer', async () => {
    await spoil({ delayMs: 60_000, times: 1 });
    await expect(fetch(url(path), { signal: AbortSignal.timeout(50) })).rejects.toThrow('timeout');
  });

  it('are refused for an operation that does not exist', async () => {
    expect((await spoil({ operation: 'none' })).status).toBe(404);
    expect((await spoil({ status: 'x' })).status).toBe(400);
  });
});
