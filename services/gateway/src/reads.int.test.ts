import { randomUUIDv7 } from 'node:crypto';
import { problem } from '@dialog/contracts/problem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { GatewayApp } from './gateway-app.ts';
import { type GatewayFixture, openGatewayFixture, serviceProvider } from './testing/gateway-fixture.ts';

const dialogs = '/api/v1/serviceowner/dialogs';
const notifications = 'altinn:system/notifications.condition.check';
const serviceOwner = { actorType: 'ServiceOwner' };
const content = { title: { value: [{ languageCode: 'nb', value: 'Byggesøknad' }] } };
const example = {
  serviceResource: 'urn:altinn:resource:ttd-building-permit',
  party: 'urn:altinn:organization:identifier-no:313007103',
  content,
};

let fixture: GatewayFixture;
let app: GatewayApp;
beforeAll(async () => {
  fixture = await openGatewayFixture();
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
