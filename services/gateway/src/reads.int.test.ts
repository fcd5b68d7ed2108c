import { randomUUIDv7 } from 'node:crypto';
import { dataFolder, fixturesIn } from '@dialog/altinn-emulator/fixtures';
import { dialogLookupView } from '@dialog/contracts/dialog-lookup-view';
import { dialogView } from '@dialog/contracts/dialog-view';
import { problem } from '@dialog/contracts/problem';
import { addMs, type Timestamp, timestamp } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import * as seenLog from '@dialog/database/tables/seen-log';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { GatewayApp } from './gateway-app.ts';
import { type GatewayFixture, openGatewayFixture, serviceProvider } from './testing/gateway-fixture.ts';
import { readPolicies } from './testing/read-policies.ts';

const dialogs = '/api/v1/serviceowner/dialogs';
const notifications = 'altinn:system/notifications.condition.check';
const everything = `${serviceProvider} digdir:dialogporten.serviceprovider.search`;
const serviceOwner = { actorType: 'ServiceOwner' };
const content = { title: { value: [{ languageCode: 'nb', value: 'Byggesøknad' }] } };
const example = {
  serviceResource: 'urn:altinn:resource:ttd-building-permit',
  party: 'urn:altinn:organization:identifier-no:313007103',
  content,
};

let fixture: GatewayFixture;
let app: GatewayApp;
/** For what this API reads and another one writes. */
let db: Database;
beforeAll(async () => {
  fixture = await openGatewayFixture();
  db = fixture.openDatabase();
  fixture.startWorker();
  app = await fixture.openGateway();
});
afterAll(() => fixture.close());

type Caller = { org?: string; scope?: string; headers?: Record<string, string> };

async function send(method: string, path: string, body?: unknown, { org = 'ttd', scope, headers }: Caller = {}) {
  return app.request(path, {
    method,
    headers: { ...(await fixture.as(org, scope)), 'Content-Type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

async function created(body: object = example): Promise<string> {
  const answer = await send('POST', dialogs, body);
  if (answer.status !== 201) throw new Error(await answer.text());
  return z.string().parse(await answer.json());
}

async function deleted(id: string): Promise<string> {
  expect((await send('DELETE', `${dialogs}/${id}`)).status).toBe(204);
  return id;
}

async function errorKeys(answer: Response): Promise<string[]> {
  return Object.keys(problem.parse(await answer.json()).errors ?? {});
}

describe('the check whether a reminder is still wanted', () => {
  const transmissionId = randomUUIDv7();
  let dialogId: string;
  beforeAll(async () => {
    dialogId = await created({
      ...example,
      transmissions: [{ id: transmissionId, type: 'Information', sender: serviceOwner, content }],
      activities: [
        { type: 'FormSaved', performedBy: serviceOwner },
        { type: 'TransmissionOpened', transmissionId, performedBy: serviceOwner },
      ],
    });
  });

  const check = (id: string, query: string, caller: Caller = { org: 'nav', scope: notifications }) =>
    send('GET', `${dialogs}/${id}/actions/should-send-notification?${query}`, undefined, caller);

  it.each([
    ['conditionType=Exists&activityType=FormSaved', true],
    ['conditionType=notexists&activityType=formsaved', false],
    ['conditionType=Exists&activityType=FormSubmitted', false],
    ['ConditionType=1&ACTIVITYTYPE=14', true],
    [`conditionType=Exists&activityType=TransmissionOpened&transmissionId=${transmissionId.toUpperCase()}`, true],
    [`conditionType=NotExists&activityType=TransmissionOpened&transmissionId=${transmissionId}`, false],
    [`conditionType=Exists&activityType=TransmissionOpened&transmissionId=${randomUUIDv7()}`, false],
    ['conditionType=Exists&activityType=FormSaved&transmissionId=', true],
  ])('answers any organisation, %s with %s', async (query, sendNotification) => {
    const answer = await check(dialogId, query);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ sendNotification });
  });

  it('is made of deleted dialogs too', async () => {
    const id = await deleted(await created());
    const answer = await check(id, 'conditionType=NotExists&activityType=FormSaved');
    expect(await answer.json()).toEqual({ sendNotification: true });
  });

  it.each([
    ['', ['conditionType', 'activityType']],
    ['conditionType=Sometimes&activityType=18', ['conditionType', 'activityType']],
    ['conditionType=Exists&activityType=FormSaved&transmissionId=x', ['transmissionId']],
    [`conditionType=Exists&activityType=FormSaved&transmissionId=${transmissionId}`, ['transmissionId']],
    ['activityType=TransmissionOpened', ['conditionType', 'transmissionId']],
  ])('refuses %s for %s', async (query, keys) => {
    const answer = await check(dialogId, query);
    expect(answer.status).toBe(400);
    expect(await errorKeys(answer)).toEqual(keys);
  });

  it('does not find what is not there', async () => {
    const answer = await check(randomUUIDv7(), 'conditionType=NotExists&activityType=FormSaved');
    expect(answer.status).toBe(404);
    expect(await errorKeys(answer)).toEqual(['DialogEntity']);
  });

  it('is for who has its scope alone', async () => {
    const query = 'conditionType=Exists&activityType=FormSaved';
    const owner = await check(dialogId, query, { scope: serviceProvider });
    expect(owner.status).toBe(403);
    expect(await owner.text()).toBe('');
    expect(owner.headers.get('www-authenticate')).toContain(notifications);
    const headers = await fixture.as('ttd', notifications, { fault: 'no-consumer' });
    expect((await check(dialogId, query, { headers })).status).toBe(403);
    expect((await check(dialogId, query, { headers: { Authorization: '' } })).status).toBe(401);
    // And that scope opens nothing else.
    expect((await send('GET', `${dialogs}/${dialogId}`, undefined, { scope: notifications })).status).toBe(403);
  });
});

describe('what the policies make of a dialog', () => {
  const endpoints = [{ url: 'https://example.com', httpMethod: 'GET' }];
  const actions = [
    { action: 'write', endpoints },
    { action: 'wirte', endpoints },
    { action: 'read', authorizationAttribute: 'urn:altinn:resource:ttd-not-delegable', endpoints },
  ];
  const authorizationOf = async (id: string) =>
    dialogView.parse(await (await send('GET', `${dialogs}/${id}`)).json()).authorization;

  it('is told to its service owner once the policies have been read', async () => {
    const known = await created({ ...example, apiActions: actions.slice(0, 2) });
    const faulty = await created({ ...example, apiActions: actions });
    expect(await authorizationOf(known)).toEqual({ status: 'Pending', policyFaults: [], neverPermitted: [] });

    await readPolicies(db, fixturesIn(dataFolder).policy);
    const never = [{ action: 'wirte' }];
    expect(await authorizationOf(known)).toEqual({ status: 'Enriched', policyFaults: [], neverPermitted: never });
    const serviceResource = 'urn:altinn:resource:ttd-not-delegable';
    const policyFaults = [{ serviceResource, fault: expect.any(String) }];
    expect(await authorizationOf(faulty)).toEqual({ status: 'PolicyUnavailable', policyFaults, neverPermitted: never });
    const { items } = z
      .object({ items: z.array(z.record(z.string(), z.unknown())) })
      .parse(await (await send('GET', dialogs, undefined, { scope: everything })).json());
    expect(items.filter((item) => 'authorization' in item)).toEqual([]);
  });

  it('is not what a person is told, on whose behalf it is read', async () => {
    const answer = await send(
      'GET',
      `${dialogs}/${await created()}?enduserid=urn:altinn:person:identifier-no:01817030080`,
    );
    expect(answer.status).toBe(200);
    expect(dialogView.parse(await answer.json())).not.toHaveProperty('authorization');
  });
});

describe('the seen log', () => {
  const person = (number: string, actorName: string) => ({
    ...{ actorType: 'PartyRepresentative' as const, actorName },
    actorId: `urn:altinn:person:identifier-no:${number}`,
  });
  const kari = person('01817030080', 'Fisker Kari Anne');
  const ola = person('05826510058', 'Snekker Ola');

  async function visited(dialogId: string, seenBy: typeof kari, seenAt: Timestamp): Promise<string> {
    const id = randomUUIDv7();
    await seenLog.insert(db, [{ dialogId, id, seenAt, seenBy, isViaServiceOwner: true }]);
    return id;
  }

  it('has every visit, oldest first; a dialog has the last of each end user', async () => {
    const id = await created();
    const read = async () => dialogView.parse(await (await send('GET', `${dialogs}/${id}`)).json());
    const { updatedAt } = await read();
    const at = (ms: number) => addMs(timestamp.parse(updatedAt), ms);
    const second = await visited(id, ola, at(1_000));
    const before = await visited(id, ola, at(-1));
    const first = await visited(id, kari, at(0));
    const third = await visited(id, kari, at(2_000));

    const answer = await send('GET', `${dialogs}/${id}/seenlog`);
    expect(answer.status).toBe(200);
    const list = z.array(z.record(z.string(), z.unknown())).parse(await answer.json());
    expect(list.map((entry) => entry.id)).toEqual([before, first, second, third]);
    expect(list[1]).toEqual({
      ...{ id: first, seenAt: updatedAt, isViaServiceOwner: true },
      seenBy: kari,
    });

    const one = await send('GET', `${dialogs}/${id}/seenlog/${first}`);
    expect(one.status).toBe(200);
    expect(await one.json()).toEqual(list[1]);

    const last = [second, third].map((seen) => expect.objectContaining({ id: seen, isCurrentEndUser: false }));
    expect(await read()).toMatchObject({ seenSinceLastUpdate: last, seenSinceLastContentUpdate: last });
  });

  it('is empty before anybody came', async () => {
    const id = await created();
    expect(await (await send('GET', `${dialogs}/${id}/seenlog`)).json()).toEqual([]);
    const unknown = await send('GET', `${dialogs}/${id}/seenlog/${randomUUIDv7()}`);
    expect(unknown.status).toBe(404);
    expect(await errorKeys(unknown)).toEqual(['DialogSeenLog']);
  });

  it('is that of a dialog that is there, for who may see it', async () => {
    const id = await created();
    for (const [path, caller] of [
      [`${dialogs}/${randomUUIDv7()}/seenlog`, {}],
      [`${dialogs}/${id}/seenlog`, { org: 'nav' }],
      [`${dialogs}/${id}/seenlog/${randomUUIDv7()}`, { org: 'nav' }],
    ] as const) {
      const answer = await send('GET', path, undefined, caller);
      expect([answer.status, await errorKeys(answer)]).toEqual([404, ['DialogEntity']]);
    }
    await deleted(id);
    for (const path of [`${dialogs}/${id}/seenlog`, `${dialogs}/${id}/seenlog/${randomUUIDv7()}`]) {
      const answer = await send('GET', path);
      expect([answer.status, await errorKeys(answer)]).toEqual([410, ['DialogEntity']]);
    }
  });
});

describe('the look-up by a reference of another system', () => {
  const lookUp = (instanceRef: string, caller?: Caller) =>
    send('GET', `/api/v1/serviceowner/dialoglookup?instanceRef=${encodeURIComponent(instanceRef)}`, undefined, caller);
  const labelled = (...labels: string[]) =>
    created({
      ...example,
      content: { ...content, nonSensitiveTitle: { value: [{ languageCode: 'en', value: 'An application' }] } },
      serviceOwnerContext: { serviceOwnerLabels: labels.map((value) => ({ value })) },
    });
  const found = async (instanceRef: string, caller?: Caller) => {
    const answer = await lookUp(instanceRef, caller);
    expect(answer.status).toBe(200);
    return dialogLookupView.parse(await answer.json());
  };
  const instance = () => `50081234/${randomUUIDv7()}`;

  it('tells what a dialog is about, and whose it is', async () => {
    const storageId = instance();
    const id = await labelled('other', `urn:altinn:integration:storage:${storageId}`);
    const answer = await lookUp(` URN:altinn:instance-id:${storageId.toUpperCase()} `);
    expect(answer.status).toBe(200);
    const body = await answer.json();
    expect(body).toEqual({
      ...{ dialogId: id, instanceRef: `urn:altinn:instance-id:${storageId}`, party: example.party },
      serviceResource: {
        ...{ id: 'ttd-building-permit', isDelegable: true, minimumAuthenticationLevel: 3 },
        name: [
          { languageCode: 'en', value: 'Building permit' },
          { languageCode: 'nb', value: 'Byggesøknad' },
          { languageCode: 'nn', value: 'Byggesøknad' },
        ],
      },
      serviceOwner: {
        ...{ orgNumber: '310001007', code: 'ttd' },
        name: [
          { languageCode: 'en', value: 'The Test Ministry' },
          { languageCode: 'nb', value: 'Testdepartementet' },
          { languageCode: 'nn', value: 'Testdepartementet' },
        ],
      },
      title: content.title.value,
      nonSensitiveTitle: [{ languageCode: 'en', value: 'An application' }],
    });
    expect(dialogLookupView.parse(body)).toEqual(body);
  });

  it('finds a dialog by each kind of reference, and calls one found by its id by the best', async () => {
    const letter = `urn:altinn:correspondence-id:${randomUUIDv7()}`;
    const storageId = instance();
    const plain = await created();
    const both = await labelled(letter, `urn:altinn:integration:storage:${storageId}`);
    const byId = (id: string) => found(`urn:altinn:dialog-id:${id}`);
    expect(await byId(plain)).toMatchObject({ dialogId: plain, instanceRef: `urn:altinn:dialog-id:${plain}` });
    expect(await byId(both)).toMatchObject({ dialogId: both, instanceRef: `urn:altinn:instance-id:${storageId}` });
    expect(await found(letter)).toMatchObject({ dialogId: both, instanceRef: letter });
    expect(await byId(await labelled(`${letter.slice(0, -1)}f`))).toMatchObject({
      instanceRef: `${letter.slice(0, -1)}f`,
    });
  });

  it('finds deleted dialogs too', async () => {
    const id = await deleted(await created());
    expect(await found(`urn:altinn:dialog-id:${id}`)).toMatchObject({ dialogId: id });
  });

  it('tells one text of each kind to who asks for a language', async () => {
    const id = await created();
    const told = await found(`urn:altinn:dialog-id:${id}`, { headers: { 'Accept-Language': 'sv, en;q=0.5' } });
    expect(told.serviceResource.name).toEqual([{ languageCode: 'en', value: 'Building permit' }]);
    expect(told.serviceOwner.name).toEqual([{ languageCode: 'en', value: 'The Test Ministry' }]);
    expect(told.title).toEqual(content.title.value);
  });

  it('knows little of a resource without policy', async () => {
    const id = await created({ ...example, serviceResource: 'urn:altinn:resource:ttd-not-delegable' });
    expect((await found(`urn:altinn:dialog-id:${id}`)).serviceResource).toMatchObject({
      ...{ id: 'ttd-not-delegable', isDelegable: false, minimumAuthenticationLevel: 3 },
    });
  });

  it('says so when the dialog is another organisation’s, but not to administrators', async () => {
    const id = await created();
    const refused = await lookUp(`urn:altinn:dialog-id:${id}`, { org: 'nav' });
    expect([refused.status, await errorKeys(refused)]).toEqual([403, ['Forbidden']]);
    const admin = { org: 'nav', scope: `${serviceProvider} ${serviceProvider}.admin` };
    expect(await found(`urn:altinn:dialog-id:${id}`, admin)).toMatchObject({ dialogId: id });
  });

  it('refuses to choose between two dialogs', async () => {
    const letter = `urn:altinn:correspondence-id:${randomUUIDv7()}`;
    await Promise.all([labelled(letter), labelled(letter)]);
    const answer = await lookUp(letter);
    expect([answer.status, await errorKeys(answer)]).toEqual([409, ['InstanceRef']]);
  });

  it.each([
    [`urn:altinn:dialog-id:${randomUUIDv7()}`, 404],
    [`urn:altinn:instance-id:50081234/${randomUUIDv7()}`, 404],
    ['', 400],
    [randomUUIDv7(), 400],
    ['urn:altinn:dialog-id:1', 400],
    [`urn:altinn:instance-id:0/${randomUUIDv7()}`, 400],
    [`urn:altinn:instance-id:${randomUUIDv7()}`, 400],
    [`urn:altinn:integration:storage:50081234/${randomUUIDv7()}`, 400],
  ])('answers %s with %i', async (reference, status) => {
    const answer = await lookUp(reference);
    expect([answer.status, await errorKeys(answer)]).toEqual([status, ['InstanceRef']]);
  });
});
