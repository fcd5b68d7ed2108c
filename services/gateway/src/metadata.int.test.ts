import { gunzipSync } from 'node:zlib';
import { authorizedServiceResourceList, serviceResourceList } from '@dialog/contracts/metadata-view';
import { problem } from '@dialog/contracts/problem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GatewayApp } from './gateway-app.ts';
import { createDialog } from './testing/create-dialog.ts';
import { type GatewayFixture, openGatewayFixture } from './testing/gateway-fixture.ts';

const path = '/api/v1/metadata/serviceresources';
const dialogs = '/api/v1/serviceowner/dialogs';
const fish = 'urn:altinn:organization:identifier-no:313007103';

let fixture: GatewayFixture;
let app: GatewayApp;
beforeAll(async () => {
  fixture = await openGatewayFixture();
  fixture.startWorker();
  app = await fixture.openGateway();
  for (const [org, resource] of [
    ['ttd', 'ttd-building-permit'],
    ['ttd', 'ttd-building-permit'],
    ['ttd', 'ttd-catch-report'],
    ['ttd', 'app_ttd_registration'],
    ['ttd', 'ttd-without-status'],
    ['skd', 'skd-tax-return'],
  ] as const) {
    await created(org, resource);
  }
});
afterAll(() => fixture.close());

async function created(org: string, resource: string, party = fish): Promise<string> {
  return createDialog(app, await fixture.as(org), {
    serviceResource: `urn:altinn:resource:${resource}`,
    party,
    content: { title: { value: [{ languageCode: 'nb', value: 'Søknad' }] } },
  });
}

async function catalogue(headers: Record<string, string> = {}, gateway = app) {
  const answer = await gateway.request(path, { headers });
  expect(answer.status).toBe(200);
  return serviceResourceList.parse(await answer.json()).items;
}

describe('the catalogue of services', () => {
  it('has those that there is a dialog of, for anybody', async () => {
    const items = await catalogue();
    expect(items.map(({ serviceResource }) => serviceResource.id)).toEqual([
      ...['ttd-building-permit', 'ttd-catch-report', 'app_ttd_registration', 'ttd-without-status', 'skd-tax-return'],
    ]);
    const platform = fixture.emulator.baseUrl;
    expect(items[1]).toEqual({
      serviceResource: {
        ...{ id: 'ttd-catch-report', resourceType: 'genericaccessresource', status: 'completed' },
        ...{ isDelegable: true, minimumAuthenticationLevel: 4 },
        name: [
          { languageCode: 'en', value: 'Catch report' },
          { languageCode: 'nb', value: 'Fangstrapport' },
        ],
        links: { metadata: `${platform}/resourceregistry/api/v1/resource/ttd-catch-report` },
      },
      roles: [
        {
          urn: 'urn:altinn:rolecode:dagl',
          name: [
            { languageCode: 'en', value: 'Chief executive officer' },
            { languageCode: 'nb', value: 'Daglig leder' },
            { languageCode: 'nn', value: 'Dagleg leiar' },
          ],
          links: { metadata: expect.stringContaining(`${platform}/accessmanagement/api/v1/meta/info/roles/`) },
        },
      ],
      accessPackages: [
        {
          urn: 'urn:altinn:accesspackage:fiske',
          name: [
            { languageCode: 'en', value: 'Fishing' },
            { languageCode: 'nb', value: 'Fiske' },
            { languageCode: 'nn', value: 'Fiske' },
          ],
          links: { metadata: expect.stringContaining('/package/urn/urn%3Aaltinn%3Aaccesspackage%3Afiske') },
        },
      ],
      serviceOwner: {
        ...{ orgNumber: '310001007', code: 'ttd' },
        name: [
          { languageCode: 'en', value: 'The Test Ministry' },
          { languageCode: 'nb', value: 'Testdepartementet' },
          { languageCode: 'nn', value: 'Testdepartementet' },
        ],
      },
    });
  });

  it('leaves out roles that nobody knows, and is content without a policy', async () => {
    const items = await catalogue();
    const of = (id: string) => items.find(({ serviceResource }) => serviceResource.id === id);
    expect(of('app_ttd_registration')?.roles.map(({ urn }) => urn)).toEqual([
      ...['urn:altinn:rolecode:dagl', 'urn:altinn:external-role:ccr:styreleder'],
    ]);
    expect(of('ttd-without-status')).toMatchObject({
      serviceResource: { status: '', minimumAuthenticationLevel: 3 },
      roles: [],
      accessPackages: [],
    });
  });

  it('speaks the language of the reader, and is in its order', async () => {
    const items = await catalogue({ 'Accept-Language': 'en-GB' });
    expect(items.map(({ serviceResource }) => serviceResource.name)).toEqual(
      ['Building permit', 'Catch report', 'Registration', 'Resource without status', 'Tax return'].map((value) => [
        { languageCode: 'en', value },
      ]),
    );
    expect(items[0]?.serviceOwner.name).toEqual([{ languageCode: 'en', value: 'The Test Ministry' }]);
    const refused = await app.request(path, { headers: { 'Accept-Language': 'en; q=1' } });
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { errors: { 'Accept-Language': [expect.any(String)] } },
    ]);
  });

  it('may be kept by the caller and on the way, for each language and encoding', async () => {
    const first = await app.request(path);
    expect(first.headers.get('cache-control')).toBe('public, max-age=600');
    expect(first.headers.get('vary')).toContain('Accept-Language');
    const tag = first.headers.get('etag') ?? '';
    const again = await app.request(path, { headers: { 'If-None-Match': tag } });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
    const other = await app.request(path, { headers: { 'If-None-Match': tag, 'Accept-Language': 'en' } });
    expect(other.status).toBe(200);
  });

  it('is compressed for who can read it', async () => {
    const plain = await (await app.request(path)).text();
    // Not by app.request of the fixture, which reads answers as JSON.
    const packed = await app.fetch(new Request(`http://localhost${path}`, { headers: { 'Accept-Encoding': 'gzip' } }));
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    expect(packed.headers.get('vary')).toMatch(/Accept-Language.*Accept-Encoding|Accept-Encoding.*Accept-Language/i);
    expect(gunzipSync(await packed.arrayBuffer()).toString()).toBe(plain);
  });

  it('loses a service with the last of its dialogs', async () => {
    const id = await created('ttd', 'ttd-migrated-form');
    // A gateway keeps the catalogue that it has made; a new one makes its own.
    const has = async () =>
      (await catalogue({}, await fixture.openGateway())).some(({ serviceResource }) =>
        serviceResource.id.endsWith('form'),
      );
    expect(await has()).toBe(true);
    const headers = await fixture.as('ttd');
    expect((await app.request(`${dialogs}/${id}/actions/purge`, { method: 'POST', headers })).status).toBe(204);
    expect(await has()).toBe(false);
  });

  it('is an upstream failure while the platform is away and there is none', async () => {
    const alone = await fixture.openGateway({ platformUrl: 'http://127.0.0.1:1' });
    expect((await alone.request(path)).status).toBe(502);
  });
});

describe('the services of an end user', () => {
  const own = '/api/v1/enduser/serviceresources';
  /** Manages Børgefisk and its sub-unit, and may report its catches. */
  const kari = { pid: '01817030080' };
  const self = `urn:altinn:person:identifier-no:${kari.pid}`;
  const north = 'urn:altinn:organization:identifier-no:313007200';
  const systemuser = { systemuser: '5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c' };
  /** Acts for itself and 1000 companies. */
  const busy = { pid: '12839020064' };

  type User = Record<string, string>;

  async function ask(user: User, query = '', headers: Record<string, string> = {}, gateway = app): Promise<Response> {
    return gateway.request(`${own}${query}`, { headers: { ...(await fixture.asEndUser(user)), ...headers } });
  }

  async function told(...asked: Parameters<typeof ask>) {
    const answer = await ask(...asked);
    if (answer.status !== 200) throw new Error(await answer.text());
    return authorizedServiceResourceList.parse(await answer.json());
  }

  async function idsTold(...asked: Parameters<typeof ask>): Promise<string[]> {
    const { items, isFullCatalogueFallback } = await told(...asked);
    expect(isFullCatalogueFallback).toBeUndefined();
    return items.map(({ serviceResource }) => serviceResource.id);
  }

  it('are those that the end user has rights to and the party has dialogs of, as the catalogue shows them', async () => {
    const all = await catalogue();
    const { items } = await told(kari);
    expect(items.map(({ serviceResource }) => serviceResource.id)).toEqual([
      ...['ttd-building-permit', 'ttd-catch-report', 'app_ttd_registration'],
    ]);
    expect(items).toEqual(
      all.filter((item) => items.some((one) => one.serviceResource.id === item.serviceResource.id)),
    );
    expect(await idsTold(systemuser)).toEqual(['ttd-building-permit', 'ttd-catch-report']);
    const english = await told(kari, '', { 'Accept-Language': 'en' });
    expect(english.items.map(({ serviceResource }) => serviceResource.name)).toEqual(
      ['Building permit', 'Catch report', 'Registration'].map((value) => [{ languageCode: 'en', value }]),
    );
  });

  it('are told of some parties, of which others than the end user’s count for nothing', async () => {
    const stranger = 'urn:altinn:organization:identifier-no:313007308';
    expect(await idsTold(kari, `?party=${north}`)).toEqual([]);
    await created('ttd', 'ttd-building-permit', north);
    await created('skd', 'skd-tax-return', self);
    await created('ttd', 'ttd-building-permit', stranger);
    // What has been told is kept for a while.
    expect(await idsTold(kari, `?party=${north}`)).toEqual([]);
    expect(await idsTold(kari, `?PARTY=${north}&party=${self}`)).toEqual(['ttd-building-permit', 'skd-tax-return']);
    expect(await idsTold(kari, `?party=${stranger}`)).toEqual([]);
  });

  it('are all that there are, for who acts for more than a thousand parties and names none', async () => {
    const gateway = await fixture.openGateway();
    const list = await told(busy, '', { 'Accept-Language': 'en' }, gateway);
    expect(list).toEqual({
      isFullCatalogueFallback: true,
      items: await catalogue({ 'Accept-Language': 'en' }, gateway),
    });
    expect(await idsTold(busy, `?party=urn:altinn:person:identifier-no:${busy.pid}`)).toEqual([]);
    const strict = await fixture.openGateway({ limits: { exactListPartiesMax: 2 } });
    expect(await told(kari, '', {}, strict)).toMatchObject({ isFullCatalogueFallback: true });
  });

  it('do not tell by their size what they are', async () => {
    const headers = { ...(await fixture.asEndUser(kari)), 'Accept-Encoding': 'gzip' };
    const answer = await app.fetch(new Request(`http://localhost${own}`, { headers }));
    expect([answer.status, answer.headers.get('content-encoding')]).toEqual([200, null]);
  });

  it('are refused to who asks in the wrong way, and cannot be told while the platform is away', async () => {
    const refused = await ask(kari, `?party=${fish}&party=`, { 'Accept-Language': 'nb,' });
    expect(refused.status).toBe(400);
    expect(Object.keys(problem.parse(await refused.json()).errors ?? {})).toEqual(['parties[1]', 'Accept-Language']);

    const faults = `${fixture.emulator.baseUrl}/emulator/faults`;
    await fetch(faults, { method: 'POST', body: JSON.stringify({ operation: 'authorised-parties', status: 503 }) });
    expect((await ask(kari, '', {}, await fixture.openGateway())).status).toBe(502);
    await fetch(faults, { method: 'DELETE' });
  });
});

describe('the limits', () => {
  it('are told anybody', async () => {
    const answer = await app.request('/api/v1/metadata/limits', { headers: { Authorization: 'Bearer nonsense' } });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      endUserSearch: {
        ...{ maxPartyFilterValues: 100, maxServiceResourceFilterValues: 20 },
        ...{ maxOrgFilterValues: 20, maxExtendedStatusFilterValues: 20 },
      },
      serviceOwnerSearch: {
        ...{ maxPartyFilterValues: 20, maxServiceResourceFilterValues: 20, maxExtendedStatusFilterValues: 20 },
      },
    });
    const refused = await app.request('/api/v1/metadata/limits', { headers: { Accept: 'text/html' } });
    expect(refused.status).toBe(406);
    expect(await refused.json()).toMatchObject({
      ...{ title: 'Requested content type is not acceptable.', detail: 'The Accept header must allow JSON responses.' },
      errors: { Accept: [expect.any(String)] },
    });
  });
});
