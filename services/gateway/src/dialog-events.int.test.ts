import { randomUUID } from 'node:crypto';
import type { Database } from '@dialog/database/open';
import { changeOf, deleted, idOf, updated } from '@dialog/events/testing/changes';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { Watcher } from './dialog-notices.ts';
import type { GatewayApp } from './gateway-app.ts';
import { openEventPublisher } from './testing/event-publisher.ts';
import { exampleApp, exampleDialogTokens, exampleGrant } from './testing/example-app.ts';
import { type GatewayFixture, openGatewayFixture } from './testing/gateway-fixture.ts';
import { readEvents } from './testing/server-sent-events.ts';

const kari = { pid: '01817030080' };
const example = {
  serviceResource: 'urn:altinn:resource:ttd-building-permit',
  party: 'urn:altinn:organization:identifier-no:313007103',
  content: { title: { value: [{ languageCode: 'nb', value: 'Byggesøknad' }] } },
};

let fixture: GatewayFixture;
let db: Database;
let app: GatewayApp;
let publisher: Awaited<ReturnType<typeof openEventPublisher>>;
const closing = new AbortController();
beforeAll(async () => {
  fixture = await openGatewayFixture();
  db = fixture.openDatabase();
  fixture.startWorker();
  app = await fixture.openGateway({ closing: closing.signal, limits: { eventStreamsMax: 3, heartbeatMs: 60_000 } });
  publisher = await openEventPublisher(fixture.space.natsUrl, fixture.space.natsCreds);
});
afterAll(async () => {
  await publisher.close();
  await fixture.close();
});

/** A new dialog, as Kari has it before her: with its revision, and a token. */
async function opened() {
  const made = await app.request('/api/v1/serviceowner/dialogs', {
    method: 'POST',
    headers: { ...(await fixture.as('ttd')), 'Content-Type': 'application/json' },
    body: JSON.stringify(example),
  });
  const id = z.uuid().parse(await made.json());
  const read = await app.request(`/api/v1/enduser/dialogs/${id}`, { headers: await fixture.asEndUser(kari) });
  const { dialogToken, revision } = z.object({ dialogToken: z.string(), revision: z.uuid() }).parse(await read.json());
  return { id, revision, dialogToken };
}

async function follow(id: string, token: string, gateway = app): Promise<Response> {
  return gateway.request(`/api/v1/enduser/dialogs/${id}/events`, { headers: { Authorization: `Bearer ${token}` } });
}

let numbers = 10;
/** Another update of a dialog, and its notice. */
function anotherUpdate(dialogId: string) {
  numbers += 1;
  const event = { ...updated, id: idOf(2, numbers) };
  const change = changeOf([event], { dialogId });
  const data = { id: event.id, type: 'dialogporten.dialog.updated.v1', time: change.occurredAt };
  return { change, notice: { event: 'updated', id: event.id, data } };
}

describe('a page that follows its dialog', () => {
  it('hears first which dialog it is, then what becomes of it, and nothing of others', async () => {
    const [{ id, revision, dialogToken }, another] = [await opened(), await opened()];
    const answer = await follow(id, dialogToken);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const events = readEvents(answer);
    expect(await events.next()).toEqual({ event: 'state', id: undefined, data: { revision } });

    const { change, notice } = anotherUpdate(id);
    await publisher.publish(anotherUpdate(another.id).change);
    await publisher.publish(change);
    expect(await events.next()).toEqual(notice);
    await publisher.publish(changeOf([deleted], { dialogId: id }));
    expect(await events.next()).toMatchObject({ event: 'deleted', id: deleted.id });
    await events.leave();
  });

  it('is told so by every gateway', async () => {
    const { id, dialogToken } = await opened();
    const both = [app, await fixture.openGateway()].map(async (gateway) => {
      const events = readEvents(await follow(id, dialogToken, gateway));
      await events.next();
      return events;
    });
    const streams = await Promise.all(both);
    const { change, notice } = anotherUpdate(id);
    await publisher.publish(change);
    for (const events of streams) {
      expect(await events.next()).toEqual(notice);
      await events.leave();
    }
  });

  it('makes room for another when it leaves', async () => {
    const { id, dialogToken } = await opened();
    const answers = [await follow(id, dialogToken), await follow(id, dialogToken), await follow(id, dialogToken)];
    const tooMany = await follow(id, dialogToken);
    expect([...answers, tooMany].map(({ status }) => status)).toEqual([200, 200, 200, 503]);
    expect(Number(tooMany.headers.get('retry-after'))).toBeGreaterThan(0);
    await answers[0]?.body?.cancel();
    const instead = await follow(id, dialogToken);
    expect(instead.status).toBe(200);
    for (const { body } of [...answers.slice(1), instead]) await body?.cancel();
  });

  it('is told that its token is over', async () => {
    const { id, dialogToken } = await opened();
    // With the tolerance of a clock, it is over two seconds after its time.
    const overAt = (Number(decodeJwt(dialogToken).exp) + 2) * 1_000;
    vi.useFakeTimers({ toFake: ['Date'], now: overAt - 200 });
    try {
      const events = readEvents(await follow(id, dialogToken));
      expect(await events.next()).toMatchObject({ event: 'state' });
      expect(await events.next()).toEqual({ event: 'end', id: undefined, data: { reason: 'token-expired' } });
      expect(await events.next()).toBeUndefined();
      vi.setSystemTime(overAt);
      expect((await follow(id, dialogToken)).status).toBe(401);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is told which dialog it is once more when something may have been missed, or to come back', async () => {
    const { id } = await opened();
    const [dialogTokens, own] = [exampleDialogTokens(), fixture.openDatabase()];
    const watchers: Watcher[] = [];
    const watch = async (_: string, watcher: Watcher) => {
      watchers.push(watcher);
      return () => {};
    };
    const gateway = exampleApp({ db: own, dialogTokens, notices: { watch } });
    const events = readEvents(await follow(id, await dialogTokens.issue(exampleGrant(id)), gateway));
    await events.next();

    const revision = randomUUID();
    await db.updateTable('dialog').set({ revision }).where('id', '=', id).execute();
    watchers[0]?.missed();
    expect(await events.next()).toEqual({ event: 'state', id: undefined, data: { revision } });
    await own.destroy();
    watchers[0]?.missed();
    expect(await events.next()).toEqual({ event: 'end', id: undefined, data: { reason: 'interrupted' } });
    expect(await events.next()).toBeUndefined();
  });

  it('is answered as any reader is, where there is nothing to see', async () => {
    const { id, dialogToken } = await opened();
    const set = (values: object) => db.updateTable('dialog').set(values).where('id', '=', id).execute();
    await set({ deleted_at: '2026-03-01T08:00:00Z' });
    expect((await follow(id, dialogToken)).status).toBe(410);
    await set({ deleted_at: null, visible_from: '2126-03-01T08:00:00Z' });
    const hidden = await follow(id, dialogToken);
    expect([hidden.status, hidden.headers.has('expires')]).toEqual([404, true]);
    await set({ visible_from: null, expires_at: '2026-03-01T08:00:00Z' });
    expect((await follow(id, dialogToken)).status).toBe(404);
    await db.deleteFrom('dialog').where('id', '=', id).execute();
    expect((await follow(id, dialogToken)).status).toBe(404);
  });

  it('is refused for the moment while Postgres is away', async () => {
    const { id, dialogToken } = await opened();
    const away = await fixture.openGateway({ databaseUrl: 'postgres://127.0.0.1:1/none' });
    expect((await follow(id, dialogToken, away)).status).toBe(503);
  });

  // Last, for the gateway takes nobody in any more.
  it('is told that its gateway stops', async () => {
    const { id, dialogToken } = await opened();
    const events = readEvents(await follow(id, dialogToken));
    await events.next();
    const read = events.next();
    closing.abort();
    expect(await read).toMatchObject({ event: 'end', data: { reason: 'gateway-stopping' } });
    expect(await events.next()).toBeUndefined();
    expect((await follow(id, dialogToken)).status).toBe(503);
  });
});
