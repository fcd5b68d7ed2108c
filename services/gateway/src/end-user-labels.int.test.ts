import { randomUUIDv7 } from 'node:crypto';
import { dialogView } from '@dialog/contracts/dialog-view';
import { problem } from '@dialog/contracts/problem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { GatewayApp } from './gateway-app.ts';
import { type GatewayFixture, openGatewayFixture, serviceProvider } from './testing/gateway-fixture.ts';

const owned = '/api/v1/serviceowner/dialogs';
const dialogs = '/api/v1/enduser/dialogs';
const fish = 'urn:altinn:organization:identifier-no:313007103';
const admin = `${serviceProvider} digdir:dialogporten.serviceprovider.admin`;
const content = { title: { value: [{ languageCode: 'nb', value: 'Byggesøknad' }] } };
type User = Record<string, string>;
const kari = { pid: '01817030080' };
const ola = { pid: '05826510058' };
/** Is in no register of names. */
const nameless = { pid: '11848110045' };
const byKari = {
  actorType: 'PartyRepresentative',
  actorId: expect.stringMatching(/^urn:altinn:person:identifier-ephemeral:[0-9a-f]{10}$/),
  actorName: 'Fisker Kari Anne',
};

let fixture: GatewayFixture;
let app: GatewayApp;
beforeAll(async () => {
  fixture = await openGatewayFixture();
  fixture.startWorker();
  app = await fixture.openGateway();
});
afterAll(() => fixture.close());

async function created(more: object = {}): Promise<string> {
  const answer = await app.request(owned, {
    method: 'POST',
    headers: { ...(await fixture.as('ttd', admin)), 'Content-Type': 'application/json' },
    body: JSON.stringify({ serviceResource: 'urn:altinn:resource:ttd-building-permit', party: fish, content, ...more }),
  });
  if (answer.status !== 201) throw new Error(await answer.text());
  return z.string().parse(await answer.json());
}

async function stored(id: string): Promise<z.infer<typeof dialogView>> {
  return dialogView.parse(await (await app.request(`${owned}/${id}`, { headers: await fixture.as('ttd') })).json());
}

async function send(method: string, path: string, body: unknown, user: User, headers: object = {}): Promise<Response> {
  return app.request(`${dialogs}/${path}`, {
    method,
    headers: { ...(await fixture.asEndUser(user)), 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

async function label(id: string, body: unknown, user: User = kari, headers: object = {}): Promise<Response> {
  return send('PUT', `${id}/context/systemlabels`, body, user, headers);
}

async function bulkLabel(body: unknown, user: User = kari): Promise<Response> {
  return send('POST', 'context/systemlabels/actions/bulkset', body, user);
}

async function logged(id: string): Promise<unknown> {
  const answer = await app.request(`${dialogs}/${id}/context/labellog`, { headers: await fixture.asEndUser(kari) });
  return answer.json();
}

/** Status and keys of a problem. */
async function told(answer: Response): Promise<[number, ...string[]]> {
  return [answer.status, ...Object.keys(problem.parse(await answer.json()).errors ?? {})];
}

describe('system labels that an end user sets', () => {
  it('change the end-user context, are logged, and leave the dialog as it was', async () => {
    const id = await created();
    const before = await stored(id);
    const answer = await label(id, { addLabels: ['Bin', 'MarkedAsUnopened'] });
    expect(answer.status).toBe(204);
    const after = await stored(id);
    const revision = answer.headers.get('etag');
    expect(revision).not.toBe(before.endUserContext.revision);
    const endUserContext = { revision, systemLabels: ['Bin', 'MarkedAsUnopened'] };
    expect(after).toEqual({ ...before, systemLabel: 'Bin', endUserContext });
    const line = (name: string, action: string) => ({
      ...{ createdAt: expect.any(String), name: `systemlabel:${name}`, action, performedBy: byKari },
    });
    expect(await logged(id)).toEqual(expect.arrayContaining([line('Bin', 'set'), line('MarkedAsUnopened', 'set')]));

    expect((await label(id, { addLabels: ['Bin'] })).headers.get('etag')).toBe(revision);
    expect(await logged(id)).toHaveLength(2);
    const opened = await app.request(`${dialogs}/${id}`, { headers: await fixture.asEndUser(kari) });
    expect(await opened.json()).toMatchObject({ isContentSeen: true, endUserContext: { systemLabels: ['Bin'] } });
    expect(await logged(id)).toEqual(expect.arrayContaining([line('MarkedAsUnopened', 'remove')]));
  });

  it('want the revision of the end-user context, if any', async () => {
    const id = await created();
    const { revision, endUserContext } = await stored(id);
    const ifMatch = (etag: string) => ({ 'If-Match': etag });
    expect((await label(id, { addLabels: ['Bin'] }, kari, ifMatch(revision))).status).toBe(412);
    expect((await label(id, { addLabels: ['Bin'] }, kari, ifMatch(endUserContext.revision))).status).toBe(204);
    expect((await label(id, { addLabels: ['Archive'] }, kari, ifMatch(endUserContext.revision))).status).toBe(412);
    expect(await told(await label(id, {}, kari, ifMatch('1')))).toEqual([400, 'If-Match']);
  });

  it('can be set on what is closed for other reasons than rights', async () => {
    const hidden = await created({ visibleFrom: '2099-01-01T12:00:00Z' });
    expect((await label(hidden, { addLabels: ['Archive'] }, { ...kari, level: '0' })).status).toBe(204);
  });

  it('are refused for what is missing, deleted, foreign or without a name, in this order', async () => {
    const deleted = await created();
    await app.request(`${owned}/${deleted}`, { method: 'DELETE', headers: await fixture.as('ttd') });
    const bin = { addLabels: ['Bin'] };
    const answers = [
      await label(randomUUIDv7(), bin),
      await label(deleted, bin),
      await label(deleted, bin, ola),
      await label(await created(), bin, ola, { 'If-Match': randomUUIDv7() }),
      await label(await created(), bin, nameless, { 'If-Match': randomUUIDv7() }),
      await label(await created(), bin, nameless),
      await label(await created(), { addLabels: ['Sent'] }),
    ];
    expect(await Promise.all(answers.map(told))).toEqual([
      [404, 'DialogEntity'],
      [404, 'DialogEntity'],
      [404, 'DialogEntity'],
      [403, 'Forbidden'],
      [412],
      [422, 'ActorId'],
      [400, 'addLabels'],
    ]);
  });

  it('can be accepted without waiting', async () => {
    const id = await created();
    const answer = await label(id, { addLabels: ['Archive'] }, kari, { Prefer: 'respond-async' });
    expect([answer.status, answer.headers.get('location')]).toEqual([202, null]);
    await expect.poll(async () => (await stored(id)).systemLabel).toBe('Archive');
  });
});

describe('system labels of many dialogs', () => {
  it('are set on all of them', async () => {
    const { endUserContext, id } = await stored(await created());
    const other = await created();
    const answer = await bulkLabel({
      dialogs: [{ dialogId: id, endUserContextRevision: endUserContext.revision }, { dialogId: other }],
      addLabels: ['Archive'],
    });
    expect([answer.status, answer.headers.get('etag')]).toEqual([204, null]);
    expect([(await stored(id)).systemLabel, (await stored(other)).systemLabel]).toEqual(['Archive', 'Archive']);
  });

  it('are set on none, if one is missing, foreign or has another revision', async () => {
    const id = await created();
    const foreign = await created({ party: 'urn:altinn:organization:identifier-no:313007308' });
    const missing = randomUUIDv7();
    const dialogIds = (...ids: string[]) => ids.map((dialogId) => ({ dialogId }));
    const refused = await bulkLabel({ dialogs: dialogIds(id, foreign, missing), addLabels: ['Bin'] });
    const { status, errors } = problem.parse(await refused.json());
    const [message = ''] = errors?.DialogEntity ?? [];
    expect([status, ...[id, foreign, missing].map((one) => message.includes(one))]).toEqual([404, false, true, true]);
    expect(await told(await bulkLabel({ dialogs: dialogIds(missing), addLabels: ['Bin'] }))).toEqual([
      404,
      'DialogEntity',
    ]);
    const outdated = [{ dialogId: id, endUserContextRevision: missing }];
    expect(await told(await bulkLabel({ dialogs: outdated, addLabels: ['Bin'] }))).toEqual([412]);
    expect(await told(await bulkLabel({ dialogs: [] }))).toEqual([400, 'dto.dialogs']);
    expect(await stored(id)).toMatchObject({ systemLabel: 'Default' });
    expect(await logged(id)).toEqual([]);
  });
});
