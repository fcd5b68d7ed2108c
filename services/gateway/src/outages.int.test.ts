import { randomUUIDv7 } from 'node:crypto';
import { operation } from '@dialog/contracts/operation';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GatewayApp } from './gateway-app.ts';
import { type GatewayFixture, nowhere, openGatewayFixture } from './testing/gateway-fixture.ts';

const dialogs = '/api/v1/serviceowner/dialogs';
const example = {
  serviceResource: 'urn:altinn:resource:ttd-building-permit',
  party: 'urn:altinn:organization:identifier-no:313007103',
  content: { title: { value: [{ languageCode: 'nb', value: 'Byggesøknad' }] } },
};
const activity = { type: 'FormSaved', performedBy: { actorType: 'ServiceOwner' } };

let fixture: GatewayFixture;
beforeAll(async () => {
  fixture = await openGatewayFixture();
});
afterAll(() => fixture.close());

async function post(app: GatewayApp, path: string, body: object, headers: Record<string, string> = {}) {
  return app.request(path, {
    method: 'POST',
    headers: { ...(await fixture.as('ttd')), 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

async function get(app: GatewayApp, path: string, headers: Record<string, string> = {}) {
  return app.request(path, { headers: { ...(await fixture.as('ttd')), ...headers } });
}

async function expectUnavailable(answer: Response): Promise<void> {
  expect(answer.status).toBe(503);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await answer.text()).toBe('Service Unavailable');
}

describe('without a worker', () => {
  it('a change is accepted, and its operation is queued for whoever sent it', async () => {
    const app = await fixture.openGateway();
    const answer = await post(app, dialogs, example, { Prefer: 'respond-async' });
    expect(answer.status).toBe(202);
    const { id, status } = operation.parse(await answer.json());
    expect(status).toBe('Queued');

    const path = answer.headers.get('location') ?? '';
    expect(operation.parse(await (await get(app, path)).json())).toMatchObject({ id, status: 'Queued' });
    expect((await app.request(path, { headers: await fixture.as('nav') })).status).toBe(404);
    // Another gateway knows it as well.
    expect((await get(await fixture.openGateway(), path)).status).toBe(200);
  });

  it('a caller waits as long as it likes, or as long as we do, and is told that the change is accepted', async () => {
    const app = await fixture.openGateway({ limits: { writeWaitMs: 50, waitMsMax: 1_000 } });
    const usual = await post(app, dialogs, example);
    expect([usual.status, usual.headers.has('preference-applied')]).toEqual([202, false]);
    const startedAt = performance.now();
    const patient = await post(app, dialogs, example, { Prefer: 'respond-async, wait=1' });
    expect(performance.now() - startedAt).toBeGreaterThan(990);
    expect([patient.status, patient.headers.get('preference-applied')]).toEqual([202, 'respond-async, wait=1']);
  });

  it('a lane that is full takes no more, and nothing is enqueued', async () => {
    const app = await fixture.openGateway({ lanes: { laneEnvelopesMax: 0, retryAfterMs: 3_000 } });
    const answer = await post(app, dialogs, example, { Prefer: 'respond-async' });
    expect(answer.headers.get('retry-after')).toBe('3');
    await expectUnavailable(answer);
  });

  it('a stream ends when the caller leaves', async () => {
    const app = await fixture.openGateway({ limits: { watchersMax: 1, heartbeatMs: 20 } });
    const answer = await post(app, dialogs, example, { Prefer: 'respond-async' });
    const path = answer.headers.get('location') ?? '';
    const streamed = await get(app, path, { Accept: 'text/event-stream' });
    const reader = streamed.body?.getReader();
    const seen: string[] = [];
    const decoder = new TextDecoder();
    while (!seen.join('').includes(': queued')) seen.push(decoder.decode((await reader?.read())?.value));
    expect(seen.join('')).toContain('"status":"Queued"');
    // The only place is taken until it is left.
    await expectUnavailable(await get(app, path, { Accept: 'text/event-stream' }));
    await reader?.cancel();
    await expect
      .poll(async () => {
        const again = await get(app, path, { Accept: 'text/event-stream' });
        await again.body?.cancel();
        return again.status;
      })
      .toBe(200);
  });
});

describe('without Redis', () => {
  it('changes are refused, and reading goes on', async () => {
    const app = await fixture.openGateway({ redisUrl: `redis://${nowhere}` });
    await expectUnavailable(await post(app, dialogs, example));
    await expectUnavailable(await post(app, dialogs, example, { Prefer: 'respond-async' }));
    expect((await get(app, `${dialogs}/${randomUUIDv7()}`)).status).toBe(404);
    // It may be on its lane: nobody can say that there is no such operation.
    await expectUnavailable(await get(app, `/api/v1/serviceowner/operations/${randomUUIDv7()}`));
    const health = await app.request('/health');
    expect([health.status, await health.json()]).toMatchObject([200, { state: 'Degraded' }]);
  });
});

describe('without Postgres', () => {
  it('nothing is read, and changes are accepted', async () => {
    const app = await fixture.openGateway({ databaseUrl: `postgres://${nowhere}/none`, limits: { writeWaitMs: 50 } });
    await expectUnavailable(await get(app, `${dialogs}/${randomUUIDv7()}`));
    await expectUnavailable(await get(app, `${dialogs}/${randomUUIDv7()}/activities`));
    const accepted = await post(app, `${dialogs}/${randomUUIDv7()}/activities`, activity, { Prefer: 'respond-async' });
    expect(accepted.status).toBe(202);
    const queued = await get(app, accepted.headers.get('location') ?? '');
    expect(await queued.json()).toMatchObject({ status: 'Queued' });
    // A caller that waits learns at least that it is accepted.
    expect((await post(app, dialogs, example)).status).toBe(202);
    expect((await app.request('/health/readiness')).status).toBe(200);
  });

  it('and without Redis the gateway is of no use', async () => {
    const app = await fixture.openGateway({
      databaseUrl: `postgres://${nowhere}/none`,
      redisUrl: `redis://${nowhere}`,
    });
    expect((await app.request('/health/readiness')).status).toBe(503);
    expect((await app.request('/health/liveness')).status).toBe(200);
  });
});

describe('without the platform', () => {
  it('nobody can say who owns a resource, or what somebody is called; the rest goes on', async () => {
    const app = await fixture.openGateway({ platformUrl: `http://${nowhere}`, limits: { writeWaitMs: 50 } });
    const answer = await post(app, dialogs, example);
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({ title: 'Bad gateway.', detail: expect.any(String) });
    const performedBy = { actorType: 'PartyRepresentative', actorId: 'urn:altinn:person:identifier-no:01817030080' };
    const named = await post(app, `${dialogs}/${randomUUIDv7()}/activities`, { ...activity, performedBy });
    expect(named.status).toBe(502);
    expect((await post(app, `${dialogs}/${randomUUIDv7()}/activities`, activity)).status).toBe(202);
    expect((await get(app, `${dialogs}/${randomUUIDv7()}`)).status).toBe(404);
  });
});
