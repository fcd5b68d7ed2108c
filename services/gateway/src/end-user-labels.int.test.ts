import { randomUUIDv7 } from 'node:crypto';
import { dialogView } from '@dialog/contracts/dialog-view';
import { problem } from '@dialog/contracts/problem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { GatewayApp } from './gateway-app.ts';
import { createDialog } from './testing/create-dialog.ts';
import { type GatewayFixture, openGatewayFixture, serviceProvider } from './testing/gateway-fixture.ts';

const owned = '/api/v1/serviceowner/dialogs';
const dialogs = '/api/v1/enduser/dialogs';
const fish = 'urn:altinn:organization:identifier-no:313007103';
const admin = `${serviceProvider} digdir:dialogporten.serviceprovider.admin`;
const content = { title: { value: [{ languageCode: 'nb', value: 'Byggesøknad' }] } };
type User = Record<string, string>;
const kari = { pid: '01817030080' };
const ola = { pid: '05826510058' };
const systemuser = { systemuser: '5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c' };
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
  return createDialog(app, await fixture.as('ttd', admin), {
    serviceResource: 'urn:altinn:resource:ttd-building-permit',
    party: fish,
    content,
    ...more,
  });
}

async function stored(id: string): Promise<z.infer<typeof dialogView>> {
  return dialogView.parse(
    await (await app.request(`${owned}/${id}`, { headers: await fixture.as('ttd', admin) })).json(),
  );
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

  it('are given to one of those who change the same revision at once', async () => {
    const id = await created();
    const { endUserContext } = await stored(id);
    const headers = { 'If-Match': `"${endUserContext.revision}"` };
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => label(id, { addLabels: [n % 2 === 0 ? 'Bin' : 'Archive'] }, kari, headers)),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, ...Array(7).fill(412)]);
    expect(await logged(id)).toHaveLength(1);
    const unconditional = await Promise.all(
      ['Bin', 'Archive', 'Default'].map((one) => label(id, { addLabels: [one] })),
    );
    expect(unconditional.map(({ status }) => status)).toEqual([204, 204, 204]);
  });

  it('are taken by both names that a request has for them, in the order of the body', async () => {
    const id = await created();
    await label(id, { systemLabels: ['Bin'], addLabels: ['Archive'] });
    expect(await stored(id)).toMatchObject({ endUserContext: { systemLabels: ['Archive'] } });
    await label(id, { addLabels: ['Archive', 'MarkedAsUnopened'], systemLabels: ['bin'] });
    expect(await stored(id)).toMatchObject({ endUserContext: { systemLabels: ['Bin', 'MarkedAsUnopened'] } });
  });

  it('give way to what the service owner changes, unless that is silent; the log says who', async () => {
    const id = await created();
    await label(id, { addLabels: ['Archive', 'MarkedAsUnopened'] });
    const change = async (body: object[], query = '') =>
      app.request(`${owned}/${id}${query}`, {
        method: 'PATCH',
        headers: { ...(await fixture.as('ttd')), 'Content-Type': 'application/json-patch+json' },
        body: JSON.stringify(body),
      });
    const labels = async () => (await stored(id)).endUserContext.systemLabels;
    await change([{ op: 'add', path: '/progress', value: 10 }], '?isSilentUpdate=true');
    expect(await labels()).toEqual(['Archive', 'MarkedAsUnopened']);
    await change([{ op: 'add', path: '/progress', value: 20 }]);
    expect(await labels()).toEqual(['Default', 'MarkedAsUnopened']);
    await app.request(`${owned}/${id}/transmissions`, {
      method: 'POST',
      headers: { ...(await fixture.as('ttd')), 'Content-Type': 'application/json' },
      body: JSON.stringify({ type: 'Submission', sender: { actorType: 'ServiceOwner' }, content }),
    });
    expect(await labels()).toEqual(['Default', 'MarkedAsUnopened', 'Sent']);
    const lines = z.array(z.object({ name: z.string(), action: z.string(), performedBy: z.unknown() }));
    const byOwner = { actorType: 'ServiceOwner' };
    const entries = lines.parse(await logged(id));
    expect(entries.map(({ name, action, performedBy }) => [action, name, performedBy])).toEqual([
      ...['Archive', 'MarkedAsUnopened'].map((one) => ['set', `systemlabel:${one}`, byKari]),
      ['remove', 'systemlabel:Archive', byOwner],
      ['set', 'systemlabel:Sent', byOwner],
    ]);
  });

  it('name a system user as it is', async () => {
    const id = await created({ serviceResource: 'urn:altinn:resource:ttd-catch-report' });
    expect((await label(id, { addLabels: ['Bin'] }, systemuser)).status).toBe(204);
    expect(await logged(id)).toMatchObject([
      {
        performedBy: { actorId: `urn:altinn:systemuser:uuid:${systemuser.systemuser}`, actorName: expect.any(String) },
      },
    ]);
  });

  it('show an unopened dialog as one that nobody has seen, until it is opened', async () => {
    const externalReference = 'unopened';
    const id = await created({ externalReference });
    const asKari = await fixture.asEndUser(kari);
    const opened = async () => (await app.request(`${dialogs}/${id}`, { headers: asKari })).json();
    const found = async (query = '') => {
      const search = `${dialogs}?party=${fish}&externalReference=${externalReference}${query}`;
      return (await app.request(search, { headers: asKari })).json();
    };
    expect(await opened()).toMatchObject({ isContentSeen: true });
    await label(id, { addLabels: ['MarkedAsUnopened'] });
    const unopened = { isContentSeen: false, endUserContext: { systemLabels: ['Default', 'MarkedAsUnopened'] } };
    expect(await found('&systemLabel=markedasunopened&systemLabel=Default')).toMatchObject({ items: [unopened] });
    expect(await found('&isContentSeen=true')).toMatchObject({ items: [] });
    expect(await opened()).toMatchObject({ isContentSeen: true, endUserContext: { systemLabels: ['Default'] } });
    const seen = { isContentSeen: true, endUserContext: { systemLabels: ['Default'] } };
    expect(await found('&isContentSeen=true')).toMatchObject({ items: [seen] });
    const visits = async () => (await app.request(`${dialogs}/${id}/seenlog`, { headers: asKari })).json();
    // The state of the dialog was another one before anybody had seen it.
    expect(await visits()).toHaveLength(2);
    await label(id, { addLabels: ['MarkedAsUnopened'] });
    await opened();
    expect(await visits()).toHaveLength(2);
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
      [400, 'addLabels[0]'],
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

  it('are set on dialogs of several service owners in one, and on none of them if one is in the way', async () => {
    const permit = await created();
    const taxReturn = await created({
      serviceResource: 'urn:altinn:resource:skd-tax-return',
      party: `urn:altinn:person:identifier-no:${kari.pid}`,
    });
    const both = await Promise.all([stored(permit), stored(taxReturn)]);
    expect(both.map(({ org }) => org)).toEqual(['ttd', 'skd']);
    const named = both.map(({ id, endUserContext }) => ({
      dialogId: id,
      endUserContextRevision: endUserContext.revision,
    }));
    expect((await bulkLabel({ dialogs: named, addLabels: ['Archive'] })).status).toBe(204);
    for (const before of both) {
      const after = await stored(before.id);
      expect(after).toMatchObject({ revision: before.revision, systemLabel: 'Archive' });
      expect(after.endUserContext.revision).not.toBe(before.endUserContext.revision);
      expect(await logged(before.id)).toMatchObject([
        { name: 'systemlabel:Archive', action: 'set', performedBy: byKari },
      ]);
    }

    const [first, second] = await Promise.all([stored(permit), stored(taxReturn)]);
    const current = { dialogId: permit, endUserContextRevision: first.endUserContext.revision };
    const outdated = { dialogId: taxReturn, endUserContextRevision: both[1].endUserContext.revision };
    expect(await told(await bulkLabel({ dialogs: [current, outdated], addLabels: ['Bin'] }))).toEqual([412]);
    expect(await Promise.all([stored(permit), stored(taxReturn)])).toEqual([first, second]);
  });

  it('are at most a hundred, each named once', async () => {
    const many = Array.from({ length: 101 }, () => ({ dialogId: randomUUIDv7() }));
    expect(await told(await bulkLabel({ dialogs: many, addLabels: ['Bin'] }))).toEqual([400, 'dto.dialogs']);
    expect(await told(await bulkLabel({ dialogs: many.slice(1), addLabels: ['Bin'] }))).toEqual([404, 'DialogEntity']);
    const twice = await bulkLabel({ dialogs: [many[0], many[0]], addLabels: ['Bin'] });
    expect(twice.status).toBe(400);
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
