import { randomUUIDv7 } from 'node:crypto';
import { type EndUserDialogView, endUserDialogListItem, endUserDialogView } from '@dialog/contracts/end-user-view';
import { problem } from '@dialog/contracts/problem';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { GatewayApp } from './gateway-app.ts';
import { createDialog } from './testing/create-dialog.ts';
import { type GatewayFixture, openGatewayFixture, serviceProvider } from './testing/gateway-fixture.ts';

const owned = '/api/v1/serviceowner/dialogs';
const dialogs = '/api/v1/enduser/dialogs';
const organization = (number: string) => `urn:altinn:organization:identifier-no:${number}`;
const resource = (id: string) => `urn:altinn:resource:${id}`;
/** Manages Børgefisk, which has a sub-unit. */
const kari = { pid: '01817030080' };
/** Has nothing at Børgefisk. */
const ola = { pid: '05826510058' };
const systemuser = { systemuser: '5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c' };
const fish = organization('313007103');
const permit = resource('ttd-building-permit');
const report = resource('ttd-catch-report');
const future = '2099-01-01T12:00:00Z';
const past = '2026-01-01T12:00:00Z';
const titled = (nb: string) => [
  { languageCode: 'en', value: `${nb} (en)` },
  { languageCode: 'nb', value: nb },
];
const content = { title: { value: titled('Byggesøknad') } };
const admin = `${serviceProvider} digdir:dialogporten.serviceprovider.admin`;

let fixture: GatewayFixture;
let app: GatewayApp;
beforeAll(async () => {
  fixture = await openGatewayFixture();
  fixture.startWorker();
  app = await fixture.openGateway();
});
afterAll(() => fixture.close());

async function created(more: object = {}): Promise<string> {
  return createDialog(app, await fixture.as('ttd', admin), { serviceResource: permit, party: fish, content, ...more });
}

async function deleted(id: string): Promise<string> {
  await app.request(`${owned}/${id}`, { method: 'DELETE', headers: await fixture.as('ttd') });
  return id;
}

type User = Record<string, string>;

async function get(path: string, user: User = kari, headers: Record<string, string> = {}): Promise<Response> {
  return app.request(`${dialogs}/${path}`, { headers: { ...(await fixture.asEndUser(user)), ...headers } });
}

async function shown(id: string, user: User = kari, headers: Record<string, string> = {}): Promise<EndUserDialogView> {
  const answer = await get(id, user, headers);
  if (answer.status !== 200) throw new Error(await answer.text());
  return endUserDialogView.parse(await answer.json());
}

/** Status and keys of a problem. */
async function told(answer: Response): Promise<[number, ...string[]]> {
  return [answer.status, ...Object.keys(problem.parse(await answer.json()).errors ?? {})];
}

async function asOwner(id: string): Promise<{ revision: string; isContentSeen: boolean }> {
  const answer = await app.request(`${owned}/${id}`, { headers: await fixture.as('ttd') });
  return z.looseObject({ revision: z.string(), isContentSeen: z.boolean() }).parse(await answer.json());
}

const transmission = { type: 'Information', sender: { actorType: 'ServiceOwner' }, content };
const withParts = {
  guiActions: [
    { action: 'write', priority: 'Primary', title: titled('Skriv'), url: 'https://ttd.example/write' },
    {
      ...{ action: 'delete', priority: 'Secondary', title: titled('Slett'), url: 'https://ttd.example/delete' },
      ...{ isDeleteDialogAction: true, httpMethod: 'DELETE' },
    },
  ],
  transmissions: [
    transmission,
    { ...transmission, authorizationAttribute: 'urn:altinn:subresource:neighbours' },
    {
      ...{ ...transmission, authorizationAttribute: 'urn:altinn:subresource:other' },
      attachments: [{ urls: [{ url: 'https://ttd.example/a.pdf', consumerType: 'Gui' }] }],
    },
  ],
  activities: [
    { type: 'Information', performedBy: { actorType: 'ServiceOwner' }, description: titled('Mottatt') },
    {
      type: 'SignatureProvided',
      performedBy: { actorType: 'PartyRepresentative', actorId: 'urn:altinn:person:identifier-no:05826510058' },
    },
  ],
};

describe('a dialog that an end user opens', () => {
  it('tells what the reader may do, in the language that was asked for', async () => {
    const id = await created(withParts);
    const dialog = await shown(id, kari, { 'Accept-Language': 'nb' });
    expect(dialog.guiActions.map(({ url, isAuthorized }) => [url, isAuthorized])).toEqual([
      ['https://ttd.example/write', true],
      ['urn:dialogporten:unauthorized', false],
    ]);
    expect(dialog.transmissions.map(({ isAuthorized }) => isAuthorized)).toEqual([true, true, false]);
    expect(dialog.content?.title.value).toEqual([{ languageCode: 'nb', value: 'Byggesøknad' }]);
    expect((await shown(id)).content?.title.value).toHaveLength(2);
    expect(await told(await get(id, kari, { 'Accept-Language': 'nb; q=1' }))).toEqual([400, 'Accept-Language']);
  });

  it('logs the visit once for each user, and keeps revision and times', async () => {
    const id = await created();
    const before = await asOwner(id);
    const answer = await get(id);
    expect(answer.headers.get('etag')).toBe(before.revision);
    const visit = {
      ...{ id: expect.any(String), seenAt: expect.any(String), isViaServiceOwner: false, isCurrentEndUser: true },
      seenBy: {
        ...{ actorType: 'PartyRepresentative', actorName: 'Fisker Kari Anne' },
        actorId: expect.stringMatching(/^urn:altinn:person:identifier-ephemeral:[0-9a-f]{10}$/),
      },
    };
    const dialog = await answer.json();
    expect(dialog).toMatchObject({ isContentSeen: true, seenSinceLastUpdate: [visit] });
    await Promise.all([shown(id), shown(id)]);
    expect(await (await get(`${id}/seenlog`)).json()).toEqual([visit]);
    expect(await asOwner(id)).toEqual({
      ...before,
      ...{ isContentSeen: true, seenSinceLastUpdate: expect.anything() },
      seenSinceLastContentUpdate: expect.anything(),
    });

    const { seenSinceLastUpdate } = await shown(id, systemuser);
    expect(seenSinceLastUpdate).toMatchObject([
      { isCurrentEndUser: false },
      { isCurrentEndUser: true, seenBy: { actorId: `urn:altinn:systemuser:uuid:${systemuser.systemuser}` } },
    ]);
    const [first] = seenSinceLastUpdate;
    expect(await (await get(`${id}/seenlog/${first?.id}`, systemuser)).json()).toEqual(first);
    expect(await told(await get(`${id}/seenlog/${randomUUIDv7()}`))).toEqual([404, 'DialogSeenLog']);
  });

  it('needs no register of names for somebody who has searched before', async () => {
    const id = await created();
    const other = await fixture.openGateway();
    const headers = await fixture.asEndUser(kari);
    await other.request(`${dialogs}?serviceResource=${permit}`, { headers });
    await fetch(`${fixture.emulator.baseUrl}/emulator/calls`, { method: 'DELETE' });
    expect(await (await other.request(`${dialogs}/${id}`, { headers })).json()).toMatchObject({
      seenSinceLastUpdate: [{ seenBy: { actorName: 'Fisker Kari Anne' } }],
    });
    const calls = await (await fetch(`${fixture.emulator.baseUrl}/emulator/calls`)).json();
    expect(calls).toMatchObject({ 'decision-point': 1, 'party-names': 0 });
  });

  it('comes with a token that tells its service owner who may do what with it', async () => {
    const id = await created(withParts);
    const { dialogToken } = await shown(id);
    const keys = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });
    const published = keys.parse(await (await app.request('/api/v1/.well-known/jwks.json')).json());
    const { payload } = await jwtVerify(dialogToken, createLocalJWKSet(published));
    expect(payload).toMatchObject({
      ...{ c: `urn:altinn:person:identifier-no:${kari.pid}`, l: 4, p: fish, s: permit, i: id },
      a: 'read;transmissionread,urn:altinn:subresource:neighbours;write',
    });
  });

  it('is told from what is missing, forbidden, gone, still to come and over', async () => {
    const missing = randomUUIDv7();
    const foreign = await deleted(await created());
    const visibleFrom = await get(await created({ visibleFrom: future }));
    expect(visibleFrom.headers.get('expires')).toBe('Thu, 01 Jan 2099 12:00:00 GMT');
    const answers = [
      await get(missing),
      await get(await created(), ola),
      await get(foreign, ola),
      await get(foreign),
      await get(await created({ serviceResource: report }), systemuser),
      await get(await created(), { ...kari, level: '0' }),
      visibleFrom,
      await get(await created({ expiresAt: past })),
      await get('not-an-id'),
    ];
    expect(await Promise.all(answers.map(told))).toEqual([
      [404, 'DialogEntity'],
      [403, 'Forbidden'],
      [403, 'Forbidden'],
      [410, 'DialogEntity'],
      [403, 'Forbidden'],
      [403, 'Forbidden'],
      [404, 'DialogEntity'],
      [404, 'DialogEntity'],
      [400, 'dialogId'],
    ]);
  });

  it('is there, with nothing in it open, for who may only list it', async () => {
    const label = 'urn:altinn:integration:storage:50081234/5d2f3c1e-8a44-4b0f-b1b2-7f5c6e4d3a02';
    const id = await created({
      ...{ ...withParts, serviceResource: resource('app_ttd_registration'), party: organization('313007200') },
      serviceOwnerContext: { serviceOwnerLabels: [{ value: label }] },
    });
    const dialog = await shown(id, ola);
    const parts = [...dialog.guiActions, ...dialog.transmissions];
    expect(parts.map(({ isAuthorized }) => isAuthorized)).toEqual([false, false, false, false, false]);
    expect(await told(await get(`${id}/transmissions`, ola))).toEqual([404, 'DialogEntity']);
  });
});

describe('what is below a dialog', () => {
  const below = ['transmissions', 'activities', 'seenlog', 'context/labellog'];

  it('is not there without the right to read the dialog, gone with it, and closed at a low level', async () => {
    const id = await created();
    const gone = await deleted(await created());
    const answers = below.map(async (path) => [
      (await get(`${id}/${path}`)).status,
      (await get(`${id}/${path}`, ola)).status,
      (await get(`${randomUUIDv7()}/${path}`)).status,
      (await get(`${gone}/${path}`)).status,
      (await get(`${gone}/${path}`, ola)).status,
      (await get(`${id}/${path}`, { ...kari, level: '0' })).status,
    ]);
    expect(await Promise.all(answers)).toEqual([
      ...[200, 200, 200].map((status) => [status, 404, 404, 410, 404, 403]),
      [200, 404, 404, 404, 404, 403],
    ]);
  });

  it('can be read before and after the time of the dialog, and leaves no visit behind', async () => {
    const waiting = await created({ ...withParts, visibleFrom: future });
    const over = await created({ ...withParts, expiresAt: past });
    for (const id of [waiting, over]) {
      for (const path of below) expect((await get(`${id}/${path}`)).status).toBe(200);
      expect(await (await get(`${id}/seenlog`)).json()).toEqual([]);
    }
  });

  it('shows transmissions, the oldest first, and hides ways into those that are closed', async () => {
    const id = await created(withParts);
    const listed = await get(`${id}/transmissions`, kari, { 'Accept-Language': 'en' });
    const list = z.array(z.looseObject({ id: z.string(), isAuthorized: z.boolean() })).parse(await listed.json());
    expect(list.map(({ isAuthorized }) => isAuthorized)).toEqual([true, true, false]);
    expect(list[0]).toMatchObject({ content: { title: { value: [{ value: 'Byggesøknad (en)' }] } } });
    for (const one of list) {
      const single = await get(`${id}/transmissions/${one.id}`, kari, { 'Accept-Language': 'en' });
      expect(await single.json()).toEqual(one);
    }
    expect(list[2]).toMatchObject({ attachments: [{ urls: [{ url: 'urn:dialogporten:unauthorized' }] }] });
    expect(await told(await get(`${id}/transmissions/${randomUUIDv7()}`))).toEqual([404, 'DialogTransmission']);
  });

  it('shows activities, and who did it only one by one', async () => {
    const id = await created(withParts);
    const listed = z.array(z.looseObject({ id: z.string() })).parse(await (await get(`${id}/activities`)).json());
    expect(listed).toHaveLength(2);
    const answers = await Promise.all(listed.map(async (one) => (await get(`${id}/activities/${one.id}`)).json()));
    const singles = z.array(z.looseObject({ type: z.string(), performedBy: z.unknown() })).parse(answers);
    expect(singles.map(({ performedBy: _, ...rest }) => rest)).toEqual(listed);
    expect(singles.find(({ type }) => type === 'SignatureProvided')).toMatchObject({
      performedBy: { actorName: 'Snekker Ola', actorId: expect.stringContaining('identifier-ephemeral') },
    });
    expect(await told(await get(`${id}/activities/${randomUUIDv7()}`))).toEqual([404, 'DialogActivity']);
  });
});

describe('a search', () => {
  const page = z.object({
    items: z.array(endUserDialogListItem.strict()),
    hasNextPage: z.boolean(),
    continuationToken: z.string().optional(),
    orderBy: z.string(),
  });
  async function search(query: Record<string, string>, user: User = kari, headers: Record<string, string> = {}) {
    const answer = await app.request(`${dialogs}?${new URLSearchParams(query)}`, {
      headers: { ...(await fixture.asEndUser(user)), ...headers },
    });
    if (answer.status !== 200) throw new Error(await answer.text());
    return page.parse(await answer.json());
  }
  const idsIn = ({ items }: { items: { id: string }[] }) => items.map(({ id }) => id);

  it('finds what the reader may list and is there now, page by page', async () => {
    const marked = { externalReference: 'pages' };
    const first = await created(marked);
    const second = await created({ ...marked, serviceResource: report });
    const third = await created({ ...marked, party: organization('313007200') });
    await created({ ...marked, visibleFrom: future });
    await created({ ...marked, expiresAt: past });
    await created({ ...marked, party: organization('313007308') });
    await deleted(await created(marked));
    const query = { serviceResource: JSON.stringify([permit, report]), externalReference: 'pages' };
    const all = await search(query);
    expect(idsIn(all)).toEqual([third, second, first]);
    expect(all).toMatchObject({ hasNextPage: false, orderBy: 'contentupdatedat_desc,id_desc' });

    const begin = await search({ ...query, limit: '2' });
    expect([idsIn(begin), begin.hasNextPage]).toEqual([[third, second], true]);
    const rest = await search({ ...query, limit: '2', continuationToken: begin.continuationToken ?? '' });
    expect([idsIn(rest), rest.hasNextPage]).toEqual([[first], false]);
    expect(idsIn(await search({ ...query, org: 'ttd' }))).toHaveLength(3);
    expect(idsIn(await search({ ...query, org: 'nav' }))).toEqual([]);
    expect(idsIn(await search({ ...query, party: organization('313007200') }))).toEqual([third]);
    expect(idsIn(await search({ party: fish, externalReference: 'pages' }, ola))).toEqual([]);
    expect(idsIn(await search(query, systemuser))).toEqual([second, first]);
  });

  it('is discreet with those whose level is too low, and with numbers of persons', async () => {
    const discreet = { value: [{ languageCode: 'nb', value: 'En melding' }] };
    const id = await created({
      ...withParts,
      ...{ externalReference: 'levels', content: { ...content, nonSensitiveTitle: discreet } },
    });
    await shown(id);
    const query = { party: fish, externalReference: 'levels' };
    const titles = async (user: User) => (await search(query, user)).items.map((item) => item.content?.title.value);
    expect(await titles({ ...kari, level: '0' })).toEqual([discreet.value]);
    expect(await titles(kari)).toEqual([content.title.value]);
    const english = await search(query, kari, { 'Accept-Language': 'en' });
    expect(english.items[0]?.content?.title.value).toEqual([{ languageCode: 'en', value: 'Byggesøknad (en)' }]);
    expect(english.items[0]).toMatchObject({ seenSinceLastUpdate: [{ isCurrentEndUser: true }] });
    expect(JSON.stringify(english)).not.toContain(kari.pid);
    expect(JSON.stringify(english)).not.toContain(ola.pid);
  });

  it('finds words, phrases, and what has some words and not others', async () => {
    const titledAs = (value: string) => ({
      ...{ externalReference: 'words', content: { title: { value: [{ languageCode: 'nb', value }] } } },
    });
    const house = await created(titledAs('Søknad om nytt hus'));
    const garage = await created(titledAs('Søknad om ny garasje'));
    const boat = await created(titledAs('Registrering av båt'));
    const find = async (text: string) =>
      idsIn(await search({ party: fish, externalReference: 'words', search: text })).sort();
    expect(await find('hus båt')).toEqual([house, boat].sort());
    expect(await find('søknader -garasjen')).toEqual([house]);
    expect(await find('"nytt hus"')).toEqual([house]);
    expect(await find('"hus nytt"')).toEqual([]);
    expect(await find('søknad AND garasje')).toEqual([garage]);
    expect(await find('-båt')).toEqual([]);
  });

  it('tells everything that is wrong with it', async () => {
    const headers = { ...(await fixture.asEndUser(kari)), 'Accept-Language': ';' };
    const answer = await app.request(`${dialogs}?limit=0`, { headers });
    expect(await told(answer)).toEqual([400, '', 'limit', 'Accept-Language']);
  });
});

describe('parties', () => {
  const parties = '/api/v1/enduser/parties';
  const read = async (user: User) => (await app.request(parties, { headers: await fixture.asEndUser(user) })).json();
  const ordinary = {
    ...{ partyUuid: expect.any(String), partyId: expect.any(Number), isDeleted: false, hasKeyRole: false },
    ...{
      isCurrentEndUser: false,
      isMainAdministrator: false,
      isAccessManager: false,
      hasOnlyAccessToSubParties: false,
    },
  };

  it('are those whom the end user can represent, with those below them', async () => {
    const self = `urn:altinn:person:identifier-no:${kari.pid}`;
    const company = { ...ordinary, partyType: 'Organization', hasKeyRole: true };
    const north = { ...company, party: organization('313007200'), name: 'Børgefisk AS avd. Nord' };
    expect(await read(kari)).toEqual({
      authorizedParties: [
        { ...ordinary, party: self, name: 'Kari Anne Fisker', partyType: 'Person', isCurrentEndUser: true },
        { ...company, party: fish, name: 'Børgefisk AS', isAccessManager: true, subParties: [north] },
      ],
    });
    expect(await read(ola)).toMatchObject({
      authorizedParties: [{}, {}, { party: fish, hasOnlyAccessToSubParties: true, subParties: [{}] }],
    });
    expect(await read(systemuser)).toMatchObject({ authorizedParties: [{ party: fish, isCurrentEndUser: false }] });
  });

  it('are told in JSON only', async () => {
    const headers = { ...(await fixture.asEndUser(kari)), Accept: 'text/html' };
    expect((await app.request(parties, { headers })).status).toBe(406);
  });
});
