import { randomUUIDv7 } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { GatewayApp } from './gateway-app.ts';
import { createDialog } from './testing/create-dialog.ts';
import { type GatewayFixture, openGatewayFixture, serviceProvider } from './testing/gateway-fixture.ts';

const owned = '/api/v1/serviceowner/dialogs';
const endUser = '/api/v1/enduser';
const fish = 'urn:altinn:organization:identifier-no:313007103';
type User = Record<string, string>;
const kari: User = { pid: '01817030080' };
/** Has nothing at Børgefisk. */
const ola: User = { pid: '05826510058' };
const future = '2099-01-01T12:00:00Z';
const past = '2026-01-01T12:00:00Z';
const admin = `${serviceProvider} digdir:dialogporten.serviceprovider.admin`;
const content = { title: { value: [{ languageCode: 'nb', value: 'Byggesøknad' }] } };

let fixture: GatewayFixture;
let app: GatewayApp;
beforeAll(async () => {
  fixture = await openGatewayFixture();
  fixture.startWorker();
  app = await fixture.openGateway();
});
afterAll(() => fixture.close());

async function created(more: object = {}): Promise<string> {
  return createDialog(app, await fixture.as('ttd', admin), {
    serviceResource: 'urn:altinn:resource:ttd-building-permit',
    party: fish,
    content,
    ...more,
  });
}

async function deleted(): Promise<string> {
  const id = await created();
  await app.request(`${owned}/${id}`, { method: 'DELETE', headers: await fixture.as('ttd') });
  return id;
}

/** In the order of the columns of end-user API, section 17. */
const columns = ['details', 'transmissions', 'activities', 'seenlog', 'labellog', 'labels', 'bulk', 'lookup'] as const;
type Request = { user?: User; revision?: string; gateway?: GatewayApp };

async function statuses(id: string, { user = kari, revision, gateway = app }: Request = {}): Promise<number[]> {
  const headers = { ...(await fixture.asEndUser(user)), 'Content-Type': 'application/json' };
  const dialog = `${endUser}/dialogs/${id}`;
  const ask = async (path: string, init: RequestInit = {}) =>
    (await gateway.request(path, { ...init, headers: { ...headers, ...init.headers } })).status;
  const all = {
    details: () => ask(dialog),
    transmissions: () => ask(`${dialog}/transmissions`),
    activities: () => ask(`${dialog}/activities`),
    seenlog: () => ask(`${dialog}/seenlog`),
    labellog: () => ask(`${dialog}/context/labellog`),
    labels: () =>
      ask(`${dialog}/context/systemlabels`, {
        ...{ method: 'PUT', body: JSON.stringify({ addLabels: ['Archive'] }) },
        ...(revision !== undefined && { headers: { 'If-Match': revision } }),
      }),
    bulk: () =>
      ask(`${endUser}/dialogs/context/systemlabels/actions/bulkset`, {
        method: 'POST',
        body: JSON.stringify({ dialogs: [{ dialogId: id, endUserContextRevision: revision }], addLabels: ['Bin'] }),
      }),
    lookup: () => ask(`${endUser}/dialoglookup?instanceRef=urn:altinn:dialog-id:${id}`),
  };
  const told: number[] = [];
  for (const column of columns) told.push(await all[column]());
  return told;
}

async function isFound(id: string, user: User = kari): Promise<boolean> {
  const answer = await app.request(`${endUser}/dialogs?party=${fish}&limit=1000`, {
    headers: await fixture.asEndUser(user),
  });
  const { items } = z.object({ items: z.array(z.object({ id: z.string() })) }).parse(await answer.json());
  return items.some((item) => item.id === id);
}

it.each<[string, () => Promise<string>, Request, number[], found: boolean]>([
  ['a dialog that one may see', created, {}, [200, 200, 200, 200, 200, 204, 204, 200], true],
  ['what is no id', async () => 'none', {}, [400, 400, 400, 400, 400, 400, 400, 400], false],
  ['what is not there', async () => randomUUIDv7(), {}, [404, 404, 404, 404, 404, 404, 404, 404], false],
  ['without any right', created, { user: ola }, [403, 404, 404, 404, 404, 403, 404, 403], false],
  ['what has been deleted', deleted, {}, [410, 410, 410, 410, 404, 404, 404, 404], false],
  ['what has been deleted, without any right', deleted, { user: ola }, [403, 404, 404, 404, 404, 404, 404, 404], false],
  ['at too low a level', created, { user: { ...kari, level: '0' } }, [403, 403, 403, 403, 403, 204, 204, 200], true],
  [
    'what is not visible yet',
    () => created({ visibleFrom: future }),
    {},
    [404, 200, 200, 200, 200, 204, 204, 200],
    false,
  ],
  ['what has expired', () => created({ expiresAt: past }), {}, [404, 200, 200, 200, 200, 204, 204, 200], false],
  ['another revision', created, { revision: randomUUIDv7() }, [200, 200, 200, 200, 200, 412, 412, 200], true],
])('%s is told by the status of each operation', async (_, given, request, expected, found) => {
  const id = await given();
  expect(await statuses(id, request)).toEqual(expected);
  expect(await isFound(id, request.user)).toBe(found);
});

it('a platform that is away, and has told nothing before, is told by 502', async () => {
  const id = await created();
  const gateway = await fixture.openGateway();
  // The issuers are known; it is about what comes after.
  await gateway.request(`${endUser}/nothing`, { headers: await fixture.asEndUser(kari) });
  for (const operation of ['decision-point', 'authorised-parties']) {
    await fetch(`${fixture.emulator.baseUrl}/emulator/faults`, {
      method: 'POST',
      body: JSON.stringify({ operation, status: 400 }),
    });
  }
  expect(await statuses(id, { gateway })).toEqual(columns.map(() => 502));
  const headers = await fixture.asEndUser(kari);
  for (const path of [`dialogs?party=${fish}`, 'parties', 'serviceresources']) {
    expect((await gateway.request(`${endUser}/${path}`, { headers })).status).toBe(502);
  }
  await fetch(`${fixture.emulator.baseUrl}/emulator/faults`, { method: 'DELETE' });
  // What was noticed to be away may not be asked again at once.
  const details = async () => (await gateway.request(`${endUser}/dialogs/${id}`, { headers })).status;
  await expect.poll(details, { timeout: 10_000 }).toBe(200);
  expect(await statuses(id, { gateway })).toEqual([200, 200, 200, 200, 200, 204, 204, 200]);
});

it('a person who represents nobody is told by 502, for everybody represents themselves', async () => {
  const headers = await fixture.asEndUser({ pid: '18917550073' });
  expect((await app.request(`${endUser}/parties`, { headers })).status).toBe(502);
  const search = (query: string) => app.request(`${endUser}/dialogs?${query}`, { headers });
  expect((await search('serviceResource=urn:altinn:resource:ttd-building-permit')).status).toBe(502);
  const filtered = await search(`party=${fish}&continuationToken=contentupdatedat_${past},id_${randomUUIDv7()}`);
  expect(await filtered.json()).toMatchObject({ items: [], hasNextPage: false, continuationToken: expect.any(String) });
});

it('an e-mail user is known by the address, and without an account only to lists', async () => {
  const party = 'urn:altinn:person:idporten-email:kari@example.com';
  const id = await created({ party, serviceResource: 'urn:altinn:resource:ttd-newsletter' });
  const visit = { seenBy: { actorType: 'PartyRepresentative', actorId: party, actorName: 'kari@example.com' } };
  const ask = async (issuer: string, path: string) => {
    const headers = await fixture.asEndUser({ email: 'kari@example.com', issuer });
    const answer = await app.request(`${endUser}/${path}`, { headers });
    return [answer.status, await answer.json()];
  };
  expect(await ask('idporten', `dialogs/${id}/transmissions`)).toMatchObject([404, {}]);
  for (const issuer of ['altinn', 'idporten']) {
    expect(await ask(issuer, `dialogs?party=${party}`)).toMatchObject([200, { items: [{ id }] }]);
    expect(await ask(issuer, `dialogs/${id}`)).toMatchObject([200, { seenSinceLastUpdate: [visit] }]);
    expect(await ask(issuer, 'parties')).toMatchObject([
      200,
      { authorizedParties: [{ party, partyType: 'SelfIdentified', isCurrentEndUser: true }] },
    ]);
  }
  expect(await ask('altinn', `dialogs/${id}/transmissions`)).toEqual([200, []]);
});

it('a resource that wants a higher level shows in a search what it has for others', async () => {
  const texts = (value: string) => ({ value: [{ languageCode: 'nb', value }] });
  const party = `urn:altinn:person:identifier-no:${kari.pid}`;
  const answer = await app.request(owned, {
    method: 'POST',
    headers: { ...(await fixture.as('skd', serviceProvider)), 'Content-Type': 'application/json' },
    body: JSON.stringify({
      ...{ serviceResource: 'urn:altinn:resource:skd-tax-return', party },
      content: {
        ...{ title: texts('Restskatt'), summary: texts('Du skylder 1000 kr.') },
        ...{ nonSensitiveTitle: texts('En melding'), nonSensitiveSummary: texts('Logg inn for å lese.') },
      },
    }),
  });
  const id = z.string().parse(await answer.json());
  const shown = async (level: string) => {
    const headers = await fixture.asEndUser({ ...kari, level });
    const found = await (await app.request(`${endUser}/dialogs?party=${party}`, { headers })).json();
    const { status } = await app.request(`${endUser}/dialogs/${id}`, { headers });
    return [status, found];
  };
  const item = (title: string, summary: string) => ({
    items: [{ content: { title: texts(title), summary: texts(summary) } }],
  });
  expect(await shown('3')).toMatchObject([403, item('En melding', 'Logg inn for å lese.')]);
  expect((await shown('4'))[1]).toMatchObject(item('Restskatt', 'Du skylder 1000 kr.'));
});

it('a search has limits for what it is given, and none for labels and statuses', async () => {
  const headers = await fixture.asEndUser(kari);
  const many = (name: string, count: number, value: (n: number) => string) =>
    Array.from({ length: count }, (_, n) => `&${name}=${value(n)}`).join('');
  const parties = (count: number) => many('party', count, (n) => `urn:altinn:person:legacy-selfidentified:user-${n}`);
  const resources = (count: number) => many('serviceResource', count, (n) => `urn:altinn:resource:r-${n}`);
  const status = async (query: string) => (await app.request(`${endUser}/dialogs?${query}`, { headers })).status;
  expect([await status(parties(100)), await status(parties(101))]).toEqual([200, 400]);
  expect([await status(resources(20)), await status(resources(21))]).toEqual([200, 400]);
  for (const name of ['org', 'extendedStatus']) {
    const values = (count: number) => resources(1) + many(name, count, (n) => `v${n}`);
    expect([await status(values(20)), await status(values(21))]).toEqual([200, 400]);
  }
  expect([await status(`${parties(1)}&limit=1000`), await status(`${parties(1)}&limit=1001`)]).toEqual([200, 400]);
  expect(await status('search=abc')).toBe(400);
  expect(await status(`${parties(1)}&search=ab`)).toBe(400);
  expect(await status(`${parties(1)}&createdAfter=2026-01-01T00:00:00Z&createdBefore=2025-01-01T00:00:00Z`)).toBe(400);
  expect(await status(`${parties(1)}&searchLanguageCode=no`)).toBe(400);
  expect(await status(`${parties(1)}&party=URN:altinn:organization:identifier-no:313007103`)).toBe(400);
  expect(await status(`${parties(1)}&party=urn:altinn:systemuser:uuid:${randomUUIDv7()}`)).toBe(400);
});
