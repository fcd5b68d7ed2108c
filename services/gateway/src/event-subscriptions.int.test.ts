import { subscriptionAccess } from '@dialog/contracts/event-subscription';
import { connect, credsAuthenticator, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { endUserPath, type GatewayApp, serviceOwnerPath } from './gateway-app.ts';
import { type GatewayFixture, openGatewayFixture } from './testing/gateway-fixture.ts';

const ownerPath = `${serviceOwnerPath}/events/subscriptions`;
const partyPath = `${endUserPath}/events/subscriptions`;
const borgefisk = 'urn:altinn:organization:identifier-no:313007103';
const snekker = 'urn:altinn:organization:identifier-no:313007308';
const buildingPermit = 'urn:altinn:resource:ttd-building-permit';
const catchReport = 'urn:altinn:resource:ttd-catch-report';
/** Manages Børgefisk. */
const kari = { pid: '01817030080' };
/** A system user that belongs to Børgefisk. */
const system = { systemuser: '5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c' };
const problem = z.object({ status: z.int(), errors: z.record(z.string(), z.array(z.string())) });

/** Long enough for a busy machine. */
const soon = { timeout: 10_000 };

let fixture: GatewayFixture;
let app: GatewayApp;
/** What has been withdrawn from everybody. */
const withdrawn = new Set<string>();
const connections: NatsConnection[] = [];

beforeAll(async () => {
  fixture = await openGatewayFixture();
  fixture.startWorker();
  fixture.startRelay({ SUBSCRIBER_CREDENTIALS_MS: '10000', SUBSCRIBER_CONSUMERS_MAX: '3' });
  app = await fixture.openGateway({
    lists: (lists) => ({
      async listAuthorization(question) {
        const { resourcesByParty, dialogIds } = await lists.listAuthorization(question);
        const left = [...resourcesByParty].map(([party, resources]) => {
          return [party, new Set([...resources].filter((resource) => !withdrawn.has(resource)))] as const;
        });
        return { resourcesByParty: new Map(left), dialogIds };
      },
    }),
  });
  // The relay makes the stream; before that nobody can subscribe.
  const headers = await fixture.as('ttd');
  await vi.waitFor(async () => expect((await post(ownerPath, { name: 'first' }, headers)).status).toBe(200), 20_000);
  await app.request(`${ownerPath}/first`, { method: 'DELETE', headers });
}, 60_000);
afterAll(async () => {
  await Promise.all(connections.map((connection) => connection.close()));
  await fixture.close();
});

function post(path: string, body: unknown, headers: Record<string, string>): Promise<Response> | Response {
  return app.request(path, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function createDialog(serviceResource: string, party: string, org = 'ttd'): Promise<string> {
  const title = { value: [{ languageCode: 'nb', value: 'Tittel' }] };
  const body = { serviceResource, party, content: { title } };
  const answer = await post(`${serviceOwnerPath}/dialogs`, body, await fixture.as(org));
  expect(answer.status).toBe(201);
  return z.string().parse(await answer.json());
}

/** Lets somebody in and hears what is delivered. */
async function subscribe(path: string, body: object, headers: Record<string, string>) {
  const answer = await post(path, body, headers);
  expect(answer.status).toBe(200);
  const access = subscriptionAccess.parse(await answer.json());
  const authenticator = credsAuthenticator(Buffer.from(access.credentials));
  const connection = await connect({ servers: access.servers, authenticator, reconnect: false });
  connections.push(connection);
  const messages: Msg[] = [];
  const confirmed: string[] = [];
  for (const { subject, confirmedOn } of access.deliveries) {
    connection.subscribe(subject, { queue: access.queue, callback: (_err, message) => void messages.push(message) });
    connection.subscribe(confirmedOn, {
      callback: (_err, message) => void confirmed.push(...message.string().split('\n')),
    });
  }
  await connection.flush();
  return { answer, access, connection, messages, confirmed };
}

const event = z.object({ type: z.string(), resourceinstance: z.string(), subject: z.string(), resource: z.string() });
function dialogsIn(messages: readonly Msg[]): string[] {
  return messages.map((message) => event.parse(message.json()).resourceinstance);
}

describe('a service owner', () => {
  it('gets the events of its own dialogs, and of the filter', async () => {
    const headers = await fixture.as('ttd');
    const all = await subscribe(ownerPath, { name: 'all' }, headers);
    const ofType = { name: 'typed', filter: { type: 'dialogporten.dialog.deleted.v1' } };
    const typed = await subscribe(ownerPath, ofType, headers);
    const other = await subscribe(ownerPath, { name: 'all' }, await fixture.as('digdir'));
    const dialog = await createDialog(buildingPermit, borgefisk);
    await app.request(`${serviceOwnerPath}/dialogs/${dialog}`, { method: 'DELETE', headers });
    await expect.poll(() => typed.messages.length, soon).toBe(1);
    expect(dialogsIn(all.messages)).toEqual([dialog, dialog]);
    expect(other.messages).toEqual([]);
    expect(all.answer.headers.get('cache-control')).toBe('no-store');
  });

  it('confirms, and what is confirmed does not come again; what is not, does', async () => {
    const headers = await fixture.as('ttd');
    const order = { name: 'confirming' };
    const first = await subscribe(ownerPath, order, headers);
    const dialogs = [await createDialog(buildingPermit, borgefisk), await createDialog(buildingPermit, borgefisk)];
    await expect.poll(() => first.messages.length, soon).toBe(2);
    const [{ confirmTo = '' } = {}] = first.access.deliveries;
    const [one, two] = first.messages.map(({ reply = '' }) => reply);
    // Neither lines that are none nor an address for an answer change anything.
    first.connection.publish(confirmTo, `${one}\nnonsense\n$JS.API.STREAM.DELETE.DIALOG_EVENTS`, { reply: '>' });
    await expect.poll(() => first.confirmed, soon).toEqual([one]);
    await first.connection.close();
    const second = await subscribe(ownerPath, { ...order, from: { sequence: 1 } }, headers);
    dialogs.push(await createDialog(buildingPermit, borgefisk));
    await expect.poll(() => dialogsIn(second.messages), soon).toContain(dialogs[2]);
    expect(dialogsIn(second.messages)).not.toContain(dialogs[0]);
    second.connection.publish(confirmTo, two ?? '');
    await expect.poll(() => second.confirmed, soon).toEqual([two]);
  });

  it('is told what is wrong, and how many subscriptions it may have', async () => {
    const headers = await fixture.as('digdir');
    const wrong = { name: 'a b', from: { time: '2026-01-01T00:00:00Z', sequence: 1 }, filter: { type: 'created' } };
    const answer = await post(ownerPath, wrong, headers);
    expect(answer.status).toBe(400);
    expect(Object.keys(problem.parse(await answer.json()).errors).sort()).toEqual(['filter.type', 'from', 'name']);

    for (const name of ['all', 'Two', 'three']) expect((await post(ownerPath, { name }, headers)).status).toBe(200);
    const refused = await post(ownerPath, { name: 'four' }, headers);
    expect([refused.status, problem.parse(await refused.json()).errors]).toEqual([
      422,
      { Subscription: [expect.any(String)] },
    ]);
    const remove = async (name: string) =>
      (await app.request(`${ownerPath}/${name}`, { method: 'DELETE', headers })).status;
    expect([await remove('two'), await remove('Two'), await remove('Two'), await remove('%E0')]).toEqual([
      404, 204, 404, 404,
    ]);
    expect((await post(ownerPath, { name: 'four' }, headers)).status).toBe(200);
  });

  it('needs a token with the scope', async () => {
    expect((await post(ownerPath, { name: 'all' }, {})).status).toBe(401);
    const other = await fixture.as('ttd', 'digdir:dialogporten.serviceprovider.search');
    expect((await post(ownerPath, { name: 'all' }, other)).status).toBe(403);
    expect((await post(ownerPath, { name: 'all' }, await fixture.asEndUser(kari))).status).toBe(403);
  });
});

describe('an end user', () => {
  it('gets the events of a party, of the services that it may read there', async () => {
    const headers = await fixture.asEndUser(kari);
    await createDialog(buildingPermit, borgefisk);
    const { messages, access } = await subscribe(partyPath, { name: 'inbox', party: borgefisk }, headers);
    expect(access.deliveries.map(({ serviceResource }) => serviceResource)).toContain(buildingPermit);
    const elsewhere = await createDialog(buildingPermit, snekker);
    const dialog = await createDialog(buildingPermit, borgefisk);
    await expect.poll(() => dialogsIn(messages), soon).toEqual([dialog]);
    expect(dialogsIn(messages)).not.toContain(elsewhere);
    expect(event.parse(messages[0]?.json())).toMatchObject({ subject: borgefisk, resource: buildingPermit });
  });

  it('gets nothing of a party that it may not act for, and of services that it may not read', async () => {
    const headers = await fixture.asEndUser(kari);
    const refused = await post(partyPath, { name: 'inbox', party: snekker }, headers);
    expect([refused.status, Object.keys(problem.parse(await refused.json()).errors)]).toEqual([403, ['Forbidden']]);
    const filter = { serviceResource: 'urn:altinn:resource:no-such-service' };
    expect((await post(partyPath, { name: 'inbox', party: borgefisk, filter }, headers)).status).toBe(403);
    const malformed = await post(partyPath, { name: 'inbox', party: 'somebody' }, headers);
    expect([malformed.status, Object.keys(problem.parse(await malformed.json()).errors)]).toEqual([400, ['party']]);
  });

  it('follows a single dialog that it may see', async () => {
    const headers = await fixture.asEndUser(kari);
    const dialog = await createDialog(buildingPermit, borgefisk);
    const elsewhere = await createDialog(buildingPermit, snekker);
    const one = await subscribe(partyPath, { name: 'one', party: borgefisk, filter: { dialogId: dialog } }, headers);
    await createDialog(buildingPermit, borgefisk);
    await app.request(`${serviceOwnerPath}/dialogs/${dialog}`, { method: 'DELETE', headers: await fixture.as('ttd') });
    await expect.poll(() => dialogsIn(one.messages), soon).toEqual([dialog]);
    const hidden = await post(partyPath, { name: 'two', party: borgefisk, filter: { dialogId: elsewhere } }, headers);
    expect(hidden.status).toBe(404);
  });

  it('has subscriptions of its own at each party', async () => {
    const one = await subscribe(partyPath, { name: 'own', party: borgefisk }, await fixture.asEndUser(kari));
    const other = await subscribe(partyPath, { name: 'own', party: borgefisk }, await fixture.asEndUser(system));
    const subjects = new Set(one.access.deliveries.map(({ subject }) => subject));
    expect(other.access.deliveries.filter(({ subject }) => subjects.has(subject))).toEqual([]);
  });

  it('as a system whose right was withdrawn is put out, and gets nothing new after', async () => {
    const headers = await fixture.asEndUser(system);
    const order = { name: 'withdrawn', party: borgefisk, filter: { serviceResource: catchReport } };
    const before = await subscribe(partyPath, order, headers);
    const dialog = await createDialog(catchReport, borgefisk);
    await expect.poll(() => dialogsIn(before.messages), soon).toEqual([dialog]);

    withdrawn.add(catchReport);
    expect((await post(partyPath, order, headers)).status).toBe(403);
    expect(await before.connection.closed()).toMatchObject({ message: expect.stringMatching(/expired/i) });
    const unfiltered = await subscribe(partyPath, { name: 'withdrawn', party: borgefisk }, headers);
    expect(unfiltered.access.deliveries.map(({ serviceResource }) => serviceResource)).not.toContain(catchReport);
    await createDialog(catchReport, borgefisk);
    const readable = await createDialog(buildingPermit, borgefisk);
    await expect.poll(() => dialogsIn(unfiltered.messages), soon).toEqual([readable]);
    expect(before.messages).toHaveLength(1);
    withdrawn.clear();
  });
});

it('answers 503 where nobody serves subscriptions', async () => {
  const alone = await openGatewayFixture();
  try {
    const gateway = await alone.openGateway();
    const headers = { ...(await alone.as('ttd')), 'Content-Type': 'application/json' };
    const answer = await gateway.request(ownerPath, { method: 'POST', headers, body: '{"name":"all"}' });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
  } finally {
    await alone.close();
  }
});
