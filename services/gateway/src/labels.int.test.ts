import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { dialogView } from '@dialog/contracts/dialog-view';
import { operation } from '@dialog/contracts/operation';
import { problem } from '@dialog/contracts/problem';
import type { Database } from '@dialog/database/open';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { GatewayApp } from './gateway-app.ts';
import { type GatewayFixture, openGatewayFixture, serviceProvider } from './testing/gateway-fixture.ts';

const dialogs = '/api/v1/serviceowner/dialogs';
const bulkset = `${dialogs}/endusercontext/systemlabels/actions/bulkset`;
const kari = 'urn:altinn:person:identifier-no:01817030080';
const unregistered = 'urn:altinn:person:identifier-no:11848110045';
const byKari = { performedBy: { actorType: 'PartyRepresentative', actorId: kari } };
const content = { title: { value: [{ languageCode: 'nb', value: 'Byggesøknad' }] } };
const example = {
  serviceResource: 'urn:altinn:resource:ttd-building-permit',
  party: 'urn:altinn:organization:identifier-no:313007103',
  content,
};

let fixture: GatewayFixture;
let app: GatewayApp;
let db: Database;
beforeAll(async () => {
  fixture = await openGatewayFixture();
  db = fixture.openDatabase();
  fixture.startWorker();
  app = await fixture.openGateway();
});
afterAll(() => fixture.close());

type Options = { org?: string; scope?: string; headers?: Record<string, string> };
const admin = { scope: `${serviceProvider} digdir:dialogporten.serviceprovider.admin` };

async function send(method: string, path: string, body?: unknown, { org = 'ttd', scope, headers }: Options = {}) {
  return app.request(path, {
    method,
    headers: { ...(await fixture.as(org, scope)), 'Content-Type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

async function created(more: object = {}): Promise<string> {
  const answer = await send('POST', dialogs, { ...example, ...more });
  if (answer.status !== 201) throw new Error(await answer.text());
  return z.string().parse(await answer.json());
}

async function shown(id: string): Promise<z.infer<typeof dialogView>> {
  return dialogView.parse(await (await send('GET', `${dialogs}/${id}`)).json());
}

async function refused(answer: Response): Promise<[number, ...string[]]> {
  return [answer.status, ...Object.keys(problem.parse(await answer.json()).errors ?? {})];
}

/** The label log, oldest first. */
async function logged(dialogId: string) {
  return db
    .selectFrom('dialog_label_log')
    .select(['name', 'action', 'performed_by as performedBy'])
    .where('dialog_id', '=', dialogId)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

function labelsOf(id: string): string {
  return `${dialogs}/${id}/context/labels`;
}

function systemLabelsOf(id: string): string {
  return `${dialogs}/${id}/endusercontext/systemlabels`;
}

describe("a service owner's labels", () => {
  it('are added, listed and removed, and the dialog stays as it is', async () => {
    const id = await created({ serviceOwnerContext: { serviceOwnerLabels: [{ value: ' Urgent ' }] } });
    const before = await shown(id);
    const added = await send('POST', labelsOf(id), { value: ' Case:118/ÆØÅ 50%' });
    expect([added.status, await added.text(), added.headers.has('location')]).toEqual([204, '', false]);

    const list = await send('GET', labelsOf(id));
    expect(list.status).toBe(200);
    expect(list.headers.get('etag')).toBe(added.headers.get('etag'));
    expect(await list.json()).toEqual([{ value: 'case:118/æøå 50%' }, { value: 'urgent' }]);

    const removed = await send('DELETE', `${labelsOf(id)}/${encodeURIComponent('Case:118/ÆØÅ 50%')}`);
    expect(removed.status).toBe(204);
    const after = await shown(id);
    expect(after.serviceOwnerContext).toEqual({
      revision: removed.headers.get('etag'),
      serviceOwnerLabels: [{ value: 'urgent' }],
    });
    const revisions = [before, after].map(({ serviceOwnerContext }) => serviceOwnerContext.revision);
    expect(new Set([...revisions, added.headers.get('etag')]).size).toBe(3);
    expect({ ...after, serviceOwnerContext: null }).toEqual({ ...before, serviceOwnerContext: null });
  });

  it('have a revision of their own', async () => {
    const id = await created();
    const { revision, serviceOwnerContext } = await shown(id);
    const add = (value: string, ifMatch: string) =>
      send('POST', labelsOf(id), { value }, { headers: { 'If-Match': ifMatch } });
    expect(await refused(await add('case:118', revision))).toEqual([412]);
    const added = await add('case:118', `"${serviceOwnerContext.revision}"`);
    expect(added.status).toBe(204);
    const remove = (ifMatch: string) =>
      send('DELETE', `${labelsOf(id)}/case:118`, undefined, { headers: { 'If-Match': ifMatch } });
    expect(await refused(await remove(serviceOwnerContext.revision))).toEqual([412]);
    expect((await remove(added.headers.get('etag') ?? '')).status).toBe(204);
  });

  it('are refused under the keys of the body', async () => {
    const id = await created({ serviceOwnerContext: { serviceOwnerLabels: [{ value: 'urgent' }] } });
    expect(await refused(await send('POST', labelsOf(id), { value: 'URGENT ' }))).toEqual([400, 'dto.value']);
    expect(await refused(await send('POST', labelsOf(id), { value: 'ab' }))).toEqual([400, 'dto.value']);
    expect(await refused(await send('POST', labelsOf(id), {}))).toEqual([400, 'dto.value']);
    expect(await refused(await send('DELETE', `${labelsOf(id)}/missing`))).toEqual([404, 'Label']);
    expect(await refused(await send('DELETE', `${labelsOf(id)}/abc%00`))).toEqual([400, 'label']);
    expect(await refused(await send('DELETE', `${labelsOf(id)}/ab`))).toEqual([400, 'dto.label']);
    const headers = { 'If-Match': '*' };
    expect(await refused(await send('POST', labelsOf('x'), { value: 'abc' }, { headers }))).toEqual([
      ...[400, 'dialogId', 'If-Match'],
    ]);
  });

  it('are at most twenty, however many come at once', async () => {
    const id = await created();
    const answers = await Promise.all(
      Array.from({ length: 25 }, (_, number) => send('POST', labelsOf(id), { value: `label-${number}` })),
    );
    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([...Array(20).fill(204), ...Array(5).fill(400)]);
    expect((await shown(id)).serviceOwnerContext.serviceOwnerLabels).toHaveLength(20);
  });

  it('are for the owner alone, and gone with the dialog', async () => {
    const id = await created();
    const ask = async (options: Options) => [
      await refused(await send('GET', labelsOf(id), undefined, options)),
      await refused(await send('POST', labelsOf(id), { value: 'abc' }, options)),
      await refused(await send('DELETE', `${labelsOf(id)}/abc`, undefined, options)),
    ];
    const missing = Array(3).fill([404, 'DialogEntity']);
    expect(await ask({ org: 'nav' })).toEqual(missing);
    expect(await ask({ org: 'digdir', ...admin })).toEqual(missing);
    expect((await send('DELETE', `${dialogs}/${id}`)).status).toBe(204);
    expect(await ask({})).toEqual(missing);
    expect(await ask(admin)).toEqual(missing);
  });

  it('can be asked of an id that no dialog can have', async () => {
    const id = '00000000-0000-0000-0000-000000000001';
    const headers = { 'If-Match': id };
    expect(await refused(await send('POST', labelsOf(id), { value: 'abc' }, { headers }))).toEqual([
      ...[404, 'DialogEntity'],
    ]);
  });
});

describe('system labels', () => {
  it('are set by an administrator in the name of somebody, and the dialog stays as it is', async () => {
    const id = await created({ systemLabel: 'Archive' });
    const before = await shown(id);
    const body = { removeLabels: ['Archive'], addLabels: ['markedAsUnopened'], systemLabels: ['Bin'], ...byKari };
    const answer = await send('PUT', systemLabelsOf(id), body, { org: 'digdir', ...admin });
    expect([answer.status, await answer.text()]).toEqual([204, '']);
    const revision = answer.headers.get('etag');
    expect(revision).not.toBe(before.endUserContext.revision);
    const systemLabels = ['Bin', 'MarkedAsUnopened'];
    expect(await shown(id)).toEqual({ ...before, systemLabel: 'Bin', endUserContext: { revision, systemLabels } });

    const again = await send('PUT', systemLabelsOf(id), body, admin);
    expect([again.status, again.headers.get('etag')]).toEqual([204, revision]);
  });

  it('have a revision of their own', async () => {
    const id = await created();
    const { revision, endUserContext } = await shown(id);
    const put = (ifMatch: string) =>
      send(
        'PUT',
        systemLabelsOf(id),
        { addLabels: ['Bin'], ...byKari },
        { ...admin, headers: { 'If-Match': ifMatch } },
      );
    expect(await refused(await put(revision))).toEqual([412]);
    expect((await put(endUserContext.revision)).status).toBe(204);
  });

  it('are refused in the order of the API', async () => {
    const id = await created();
    const missing = randomUUIDv7();
    const stale = { headers: { 'If-Match': randomUUID() } };
    const somebody = { performedBy: { ...byKari.performedBy, actorId: unregistered } };
    const put = async (to: string, body: object, options: Options = {}) =>
      refused(await send('PUT', systemLabelsOf(to), body, options));
    expect(await put(missing, { addLabels: ['Sent'] })).toEqual([400, 'addLabels[0]', 'endUserId']);
    expect(await put(missing, byKari)).toEqual([404, 'DialogEntity']);
    expect(await put(id, { addLabels: ['Bin'], ...byKari }, stale)).toEqual([403, 'Forbidden']);
    expect(await put(id, { addLabels: ['Bin'], ...somebody }, { ...admin, ...stale })).toEqual([412]);
    expect(await put(id, { addLabels: ['Bin'], ...somebody }, admin)).toEqual([422, 'ActorId']);
    expect((await send('DELETE', `${dialogs}/${id}`)).status).toBe(204);
    expect(await put(id, byKari, admin)).toEqual([404, 'DialogEntity']);
  });
});

describe('system labels on behalf of an end user', () => {
  /** Kari manages Børgefisk and its sub-unit; Ola has something to do with Snekker only. */
  const ola = 'urn:altinn:person:identifier-no:05826510058';
  const put = (id: string, endUserId: string, options?: Options) =>
    send('PUT', `${systemLabelsOf(id)}?enduserId=${endUserId}`, { addLabels: ['Bin'] }, options);
  const bulk = (ids: readonly string[], endUserId: string, options?: Options) => {
    const body = { dialogs: ids.map((dialogId) => ({ dialogId })), addLabels: ['Archive'] };
    return send('POST', `${bulkset}?ENDUSERID=${endUserId}`, body, options);
  };
  const systemLabels = async (id: string) => (await shown(id)).endUserContext.systemLabels;

  it('are set where the person finds the dialog in lists', async () => {
    const id = await created();
    const answer = await put(id, kari);
    expect(answer.status).toBe(204);
    expect((await shown(id)).endUserContext).toEqual({
      ...{ revision: answer.headers.get('etag'), systemLabels: ['Bin'] },
    });
    const north = await created({ party: 'urn:altinn:organization:identifier-no:313007200' });
    expect((await bulk([id, north], kari)).status).toBe(204);
    expect([await systemLabels(id), await systemLabels(north)]).toEqual([['Archive'], ['Archive']]);
    expect(await logged(id)).toMatchObject([
      { name: 'systemlabel:Bin', performedBy: { actorId: kari, actorName: 'Fisker Kari Anne' } },
      { name: 'systemlabel:Archive' },
      { name: 'systemlabel:Bin', action: 'remove' },
    ]);
  });

  it('are refused where not: 403 for one dialog, 404 with their ids for many', async () => {
    const id = await created();
    const snekker = await created({ party: 'urn:altinn:organization:identifier-no:313007308' });
    const answer = await put(id, ola, { headers: { 'If-Match': randomUUID() } });
    expect(answer.status).toBe(403);
    expect(problem.parse(await answer.json()).errors).toEqual({ Forbidden: [expect.stringContaining(id)] });
    const missing = randomUUIDv7();
    const notFound = await bulk([snekker, id, missing], ola);
    expect(notFound.status).toBe(404);
    const [message = ''] = problem.parse(await notFound.json()).errors?.DialogEntity ?? [];
    expect([snekker, id, missing].filter((one) => message.includes(one))).toEqual([id, missing]);
    expect(await refused(await put(missing, ola))).toEqual([404, 'DialogEntity']);
    expect(await refused(await put(id, kari, { org: 'nav' }))).toEqual([404, 'DialogEntity']);
    expect([await systemLabels(id), await systemLabels(snekker)]).toEqual([['Default'], ['Default']]);
  });

  it('are not asked about for an administrator', async () => {
    const id = await created();
    expect((await put(id, ola, { org: 'digdir', ...admin })).status).toBe(204);
    expect((await bulk([id], ola, { org: 'digdir', ...admin })).status).toBe(204);
  });

  it('need somebody with a name, and nobody beside', async () => {
    const id = await created();
    expect(await refused(await put(id, unregistered))).toEqual([422, 'ActorId']);
    expect(await refused(await bulk([id], unregistered))).toEqual([422, 'ActorId']);
    expect(await refused(await put(id, 'x'))).toEqual([400, 'EndUserId']);
    const both = await send('PUT', `${systemLabelsOf(id)}?enduserId=${kari}`, byKari, admin);
    expect(await refused(both)).toEqual([400, 'endUserId']);
  });
});

describe('system labels of many dialogs', () => {
  it('are set for all of them, without a revision in the answer', async () => {
    const ids = await Promise.all([created(), created({ systemLabel: 'Bin' }), created()]);
    const seen = await Promise.all(ids.map(shown));
    const asked = seen.map(({ id, endUserContext }) => ({
      dialogId: id,
      endUserContextRevision: endUserContext.revision,
    }));
    const body = { dialogs: asked, addLabels: ['Archive'], ...byKari };
    const answer = await send('POST', bulkset, body, { org: 'digdir', ...admin });
    expect([answer.status, answer.headers.has('etag')]).toEqual([204, false]);
    for (const [index, id] of ids.entries()) {
      const { endUserContext, ...dialog } = await shown(id);
      expect(endUserContext.systemLabels).toEqual(['Archive']);
      const { endUserContext: before, ...same } = seen[index] ?? { endUserContext };
      expect(endUserContext.revision).not.toBe(before.revision);
      expect(dialog).toEqual({ ...same, systemLabel: 'Archive' });
    }
    expect(await refused(await send('POST', bulkset, body, admin))).toEqual([412]);
  });

  it('are set for none when one of them stands in the way', async () => {
    const ids = await Promise.all([created(), created(), created()]);
    const gone = await created();
    await send('DELETE', `${dialogs}/${gone}`);
    const missing = randomUUIDv7();
    const asked = (...more: object[]) => ({
      ...{ addLabels: ['Archive'], ...byKari },
      dialogs: [...ids.map((dialogId) => ({ dialogId })), ...more],
    });
    expect(await refused(await send('POST', bulkset, asked({ dialogId: missing })))).toEqual([403, 'Forbidden']);
    const notFound = await send('POST', bulkset, asked({ dialogId: missing }, { dialogId: gone }), admin);
    expect(notFound.status).toBe(404);
    const [message = ''] = problem.parse(await notFound.json()).errors?.DialogEntity ?? [];
    expect([...ids, missing, gone].filter((id) => message.includes(id))).toEqual([missing, gone]);
    const outdated = { dialogId: await created(), endUserContextRevision: randomUUID() };
    expect(await refused(await send('POST', bulkset, asked(outdated), admin))).toEqual([412]);
    const twice = asked({ dialogId: ids[0]?.toUpperCase() });
    expect(await refused(await send('POST', bulkset, twice, admin))).toEqual([400, 'dto.dialogs']);
    for (const id of ids) expect((await shown(id)).endUserContext.systemLabels).toEqual(['Default']);
  });

  it('can be left to an operation', async () => {
    const id = await created();
    const body = { dialogs: [{ dialogId: id }], addLabels: ['Bin'], ...byKari };
    const accepted = await send('POST', bulkset, body, { ...admin, headers: { Prefer: 'respond-async' } });
    expect(accepted.status).toBe(202);
    const headers = { Prefer: 'wait=10' };
    const ended = await send('GET', accepted.headers.get('location') ?? '', undefined, { headers });
    expect(operation.parse(await ended.json())).toMatchObject({
      ...{ status: 'Applied', kind: 'BulkSetSystemLabels', dialogId: id },
      revision: (await shown(id)).endUserContext.revision,
    });
  });

  it('lose nothing that others change at the same time, nor make others lose anything', async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, () => created()));
    const rounds = 10;
    const bulks = Array.from({ length: rounds }, (_, round) => {
      const label = round % 2 === 0 ? 'Bin' : 'Archive';
      const from = round % ids.length;
      const body = [...ids.slice(from), ...ids.slice(0, from)].map((dialogId) => ({ dialogId }));
      return send('POST', bulkset, { dialogs: body, addLabels: [label, 'MarkedAsUnopened'], ...byKari }, admin);
    });
    const others = ids.flatMap((id) =>
      Array.from({ length: rounds }, (_, round) => [
        send('POST', `${dialogs}/${id}/transmissions`, {
          ...{ type: 'Submission', sender: { actorType: 'ServiceOwner' }, content },
        }),
        send('POST', labelsOf(id), { value: `label-${round}` }),
      ]).flat(),
    );
    const answers = await Promise.all([...bulks, ...others]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 204]));
    for (const id of ids) {
      const dialog = await shown(id);
      expect(dialog).toMatchObject({ fromPartyTransmissionsCount: rounds });
      expect(dialog.serviceOwnerContext.serviceOwnerLabels).toHaveLength(rounds);
      expect(dialog.endUserContext.systemLabels).toEqual(expect.arrayContaining(['MarkedAsUnopened', 'Sent']));
    }
  });
});
