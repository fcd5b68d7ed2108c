import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { dialogView } from '@dialog/contracts/dialog-view';
import { operation } from '@dialog/contracts/operation';
import { problem } from '@dialog/contracts/problem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { GatewayApp } from './gateway-app.ts';
import { type GatewayFixture, openGatewayFixture, serviceProvider } from './testing/gateway-fixture.ts';

const dialogs = '/api/v1/serviceowner/dialogs';
const kari = 'urn:altinn:person:identifier-no:01817030080';
const unregistered = 'urn:altinn:person:identifier-no:11848110045';
const serviceOwner = { actorType: 'ServiceOwner' };
const texts = (nb: string) => [{ languageCode: 'nb', value: nb }];
const content = { title: { value: texts('Byggesøknad') } };
const example = {
  serviceResource: 'urn:altinn:resource:ttd-building-permit',
  party: 'urn:altinn:organization:identifier-no:313007103',
  content,
};
const transmission = { type: 'Information', sender: serviceOwner, content };

let fixture: GatewayFixture;
let app: GatewayApp;
beforeAll(async () => {
  fixture = await openGatewayFixture();
  fixture.startWorker();
  app = await fixture.openGateway();
});
afterAll(() => fixture.close());

type Options = { org?: string; scope?: string; headers?: Record<string, string> };

async function send(method: string, path: string, body?: unknown, { org = 'ttd', scope, headers }: Options = {}) {
  return app.request(path, {
    method,
    headers: { ...(await fixture.as(org, scope)), 'Content-Type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

async function created(body: object = example, options?: Options): Promise<{ id: string; revision: string }> {
  const answer = await send('POST', dialogs, body, options);
  if (answer.status !== 201) throw new Error(await answer.text());
  return { id: z.string().parse(await answer.json()), revision: answer.headers.get('etag') ?? '' };
}

async function shown(id: string): Promise<z.infer<typeof dialogView>> {
  return dialogView.parse(await (await send('GET', `${dialogs}/${id}`)).json());
}

async function errorKeys(answer: Response): Promise<string[]> {
  return Object.keys(problem.parse(await answer.json()).errors ?? {});
}

describe('a dialog', () => {
  it('is created, and read back', async () => {
    const id = randomUUIDv7();
    const answer = await send('POST', dialogs, {
      ...example,
      ...{
        id,
        idempotentKey: `key-${id.slice(0, 8)}`,
        progress: 20,
        status: 'InProgress',
        dueAt: '2099-01-01T12:00:00.1234567+01:00',
      },
      searchTags: [{ value: 'Oslo' }, { value: 'byggesak' }],
      transmissions: [
        { ...transmission, sender: { actorType: 'PartyRepresentative', actorId: kari }, type: 'Submission' },
      ],
      activities: [{ type: 'Information', performedBy: serviceOwner, description: texts('Mottatt') }],
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`${dialogs}/${id}`);

    const read = await send('GET', `${dialogs}/${id}`);
    expect(read.status).toBe(200);
    expect(read.headers.get('etag')).toBe(answer.headers.get('etag'));
    const dialog = await read.json();
    expect(dialogView.parse(dialog)).toEqual(dialog);
    expect(dialog).toMatchObject({
      ...{ id, org: 'ttd', serviceResource: example.serviceResource, serviceResourceType: 'genericaccessresource' },
      ...{ party: example.party, progress: 20, status: 'InProgress', dueAt: '2099-01-01T11:00:00.1234560Z' },
      ...{ revision: answer.headers.get('etag'), systemLabel: 'Default', fromPartyTransmissionsCount: 1 },
      searchTags: [{ value: 'byggesak' }, { value: 'oslo' }],
      transmissions: [
        { type: 'Submission', sender: { actorId: kari, actorName: 'Fisker Kari Anne' }, isOpened: false },
      ],
      activities: [{ type: 'Information', description: texts('Mottatt') }],
      endUserContext: { systemLabels: ['Default', 'Sent'] },
    });
  });

  it('is told apart by its idempotent key', async () => {
    const body = { ...example, idempotentKey: randomUUID() };
    const { id } = await created(body);
    const again = await send('POST', dialogs, body);
    expect(again.status).toBe(409);
    expect(await again.text()).toContain(`'${body.idempotentKey}' already exists with DialogId '${id}'`);
  });

  it('is changed by PATCH if its revision is the one that the caller saw, and not twice', async () => {
    const { id, revision } = await created();
    const patch = [{ op: 'replace', path: '/status', value: 'Completed' }];
    const headers = { 'If-Match': `"${revision}"`, 'Content-Type': 'application/json-patch+json' };
    const first = await send('PATCH', `${dialogs}/${id}`, patch, { headers });
    expect(first.status).toBe(204);
    expect(first.headers.get('etag')).not.toBe(revision);
    expect(await shown(id)).toMatchObject({ status: 'Completed', revision: first.headers.get('etag') });

    const second = await send('PATCH', `${dialogs}/${id}`, patch, { headers });
    expect(second.status).toBe(412);
    expect(await second.json()).toMatchObject({ status: 412, instance: `${dialogs}/${id}` });
  });

  it('is replaced by PUT', async () => {
    const { id } = await created({ ...example, progress: 20 });
    const answer = await send('PUT', `${dialogs}/${id}`, { status: 'Completed', content });
    expect(answer.status).toBe(204);
    const dialog = await shown(id);
    expect(dialog.status).toBe('Completed');
    expect(dialog).not.toHaveProperty('progress');
  });

  it('stays as it is when what was read is sent back', async () => {
    const part = (nb: string) => ({ value: [...texts(nb), { languageCode: 'en', value: nb }] });
    const { id, revision } = await created({
      ...example,
      ...{ progress: 20, extendedStatus: 'step-2', externalReference: 'case-1', process: 'HTTPS://Example.com' },
      ...{ dueAt: '2098-01-01T12:00:00.1234567+01:00', expiresAt: '2099-01-01T12:00:00Z', status: 'New' },
      content: {
        title: part('Tittel'),
        summary: part('Mer'),
        additionalInfo: { ...part('*a*'), mediaType: 'text/markdown' },
      },
      searchTags: [{ value: 'Oslo' }, { value: 'bygg' }],
      attachments: [
        {
          ...{ name: 'a.pdf', displayName: texts('Tegning'), expiresAt: '2099-01-01T12:00:00Z' },
          urls: [
            { url: 'https://example.com/a.pdf', mediaType: 'application/pdf', consumerType: 'Gui' },
            { url: 'https://example.com/a', consumerType: 'Api' },
          ],
        },
        { urls: [{ url: 'https://example.com/b.pdf', consumerType: 'Gui' }] },
      ],
      guiActions: [
        { action: 'write', url: 'https://example.com/form', priority: 'Primary', title: texts('Fyll ut') },
        {
          ...{ action: 'delete', url: 'https://example.com/x', priority: 'Tertiary', title: texts('Slett') },
          ...{ httpMethod: 'DELETE', isDeleteDialogAction: true, prompt: texts('Sikker?') },
        },
      ],
      apiActions: [
        {
          ...{ action: 'write', name: 'send', authorizationAttribute: 'urn:altinn:task:Task_1' },
          endpoints: [
            { url: 'https://example.com/v1', httpMethod: 'POST', deprecated: true, sunsetAt: '2020-01-01T00:00:00Z' },
            { url: 'https://example.com/v2', httpMethod: 'POST', version: 'v2', requestSchema: 'schemas/2.json' },
          ],
        },
      ],
      transmissions: [transmission],
      activities: [{ type: 'FormSaved', performedBy: serviceOwner }],
    });
    const before = await shown(id);
    const { transmissions: _, activities: __, ...rest } = before;
    const answer = await send('PUT', `${dialogs}/${id}`, rest, { headers: { 'If-Match': revision } });
    expect([answer.status, answer.headers.get('etag')]).toEqual([204, revision]);
    expect(await shown(id)).toEqual(before);
  });

  it('is changed silently', async () => {
    const { id, revision } = await created();
    const before = await shown(id);
    const patch = [{ op: 'replace', path: '/externalReference', value: 'case-1' }];
    expect((await send('PATCH', `${dialogs}/${id}?isSilentUpdate=true`, patch)).status).toBe(204);
    const after = await shown(id);
    expect(after.externalReference).toBe('case-1');
    expect(after.revision).not.toBe(revision);
    expect(after.updatedAt).toBe(before.updatedAt);
  });

  it('keeps its revision and its children together in what is read, however often it is changed', async () => {
    const { id } = await created();
    const writers = Array.from({ length: 4 }, async () => {
      for (let count = 0; count < 25; count++) {
        expect((await send('POST', `${dialogs}/${id}/transmissions`, transmission)).status).toBe(201);
      }
    });
    let writing = true;
    const written = Promise.all(writers).finally(() => {
      writing = false;
    });
    const readers = Array.from({ length: 4 }, async () => {
      while (writing) {
        const dialog = await shown(id);
        expect(dialog.transmissions).toHaveLength(dialog.fromServiceOwnerTransmissionsCount);
      }
    });
    await Promise.all([written, ...readers]);
  });

  it('is refused when the change makes no sense', async () => {
    const { id } = await created();
    const patched = await send('PATCH', `${dialogs}/${id}`, [{ op: 'remove', path: '/nothing/0' }]);
    expect(patched.status).toBe(400);
    expect(await errorKeys(patched)).toEqual(['UpdateDialogDto']);
    const invalid = await send('PATCH', `${dialogs}/${id}`, [{ op: 'replace', path: '/progress', value: 140 }]);
    expect(await errorKeys(invalid)).toEqual(['dto.progress']);
    const unreadable = await send('PUT', `${dialogs}/${randomUUIDv7()}`, { status: 'Nonsense', content });
    expect([unreadable.status, await errorKeys(unreadable)]).toEqual([400, ['status']]);
    const put = await send('PUT', `${dialogs}/${id}`, { content });
    expect(put.status).toBe(400);
    expect(await errorKeys(put)).toEqual(['dto.status']);

    const hidden = await created({ ...example, visibleFrom: '2098-01-01T00:00:00Z' });
    const early = { status: 'Draft', content, progress: 140, dueAt: '2097-01-01T00:00:00Z' };
    const both = await send('PUT', `${dialogs}/${hidden.id}`, early);
    expect(await errorKeys(both)).toEqual(['dto.progress', 'dto.dueAt']);
  });
});

describe('fifty changes of one dialog at once', () => {
  it('are all made, each with a revision of its own, when nobody says what they saw', async () => {
    const { id } = await created();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => send('POST', `${dialogs}/${id}/transmissions`, transmission)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 201));
    const dialog = await shown(id);
    const ids = await Promise.all(answers.map((answer) => answer.json()));
    expect(new Set(dialog.transmissions.map((one) => one.id))).toEqual(new Set(ids));
    const revisions = new Set(answers.map(({ headers }) => headers.get('etag')));
    expect([revisions.size, revisions.has(dialog.revision)]).toEqual([50, true]);
  });

  it('are one change and 49 refusals when all of them saw the same', async () => {
    const { id, revision } = await created();
    const headers = { 'If-Match': revision };
    const activity = { type: 'FormSaved', performedBy: serviceOwner };
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => send('POST', `${dialogs}/${id}/activities`, activity, { headers })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 49 }, () => 412)]);
    expect((await shown(id)).activities).toHaveLength(1);
  });
});

describe('a dialog of somebody else', () => {
  const scopeOfAdmin = `${serviceProvider} digdir:dialogporten.serviceprovider.admin`;

  it('does not exist for the caller, whatever is asked', async () => {
    const { id } = await created();
    const asNav = { org: 'nav' };
    const patch = [{ op: 'replace', path: '/status', value: 'Completed' }];
    const answers = [
      await send('GET', `${dialogs}/${id}`, undefined, asNav),
      await send('PUT', `${dialogs}/${id}`, { status: 'Completed', content }, asNav),
      // 404 comes before what is wrong with the body.
      await send('PUT', `${dialogs}/${id}`, { progress: 140 }, asNav),
      await send('PATCH', `${dialogs}/${id}`, patch, asNav),
      await send('POST', `${dialogs}/${id}/transmissions`, transmission, asNav),
      await send('GET', `${dialogs}/${id}/transmissions`, undefined, asNav),
      await send('GET', `${dialogs}/${id}/transmissions/${randomUUIDv7()}`, undefined, asNav),
      await send('GET', `${dialogs}/${id}/activities`, undefined, asNav),
      await send('GET', `${dialogs}/${randomUUIDv7()}`),
      await send('PUT', `${dialogs}/${randomUUIDv7()}`, { progress: 140 }),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(404);
      expect(await errorKeys(answer)).toEqual(['DialogEntity']);
    }
  });

  it('is open to an administrator', async () => {
    const { id } = await created();
    const asAdmin = { org: 'digdir', scope: scopeOfAdmin };
    expect((await send('GET', `${dialogs}/${id}`, undefined, asAdmin)).status).toBe(200);
    expect((await send('GET', `${dialogs}/${id}/activities`, undefined, asAdmin)).status).toBe(200);
    const patched = await send('PATCH', `${dialogs}/${id}`, [{ op: 'replace', path: '/progress', value: 1 }], asAdmin);
    expect(patched.status).toBe(204);
  });

  it('keeps the org of its resource when an administrator creates it', async () => {
    const { id } = await created(example, { org: 'digdir', scope: scopeOfAdmin });
    expect(await shown(id)).toMatchObject({ org: 'ttd' });
  });
});

describe('transmissions and activities', () => {
  it('are added, listed and read one by one', async () => {
    const { id } = await created();
    const first = await send('POST', `${dialogs}/${id}/transmissions`, transmission);
    const second = await send('POST', `${dialogs}/${id}/transmissions`, transmission);
    expect([first.status, second.status]).toEqual([201, 201]);
    const ids = [await first.json(), await second.json()];
    expect(first.headers.get('location')).toBe(`${dialogs}/${id}/transmissions/${ids[0]}`);

    const list = z
      .array(z.object({ id: z.string() }))
      .parse(await (await send('GET', `${dialogs}/${id}/transmissions`)).json());
    expect(list.map((item) => item.id)).toEqual(ids.toReversed());
    const one = await send('GET', `${dialogs}/${id}/transmissions/${ids[0]}`);
    expect(one.headers.has('etag')).toBe(false);
    expect(await one.json()).toMatchObject({ id: ids[0], type: 'Information', attachments: [] });

    const opened = {
      type: 'TransmissionOpened',
      performedBy: { actorType: 'PartyRepresentative', actorId: kari },
      transmissionId: ids[0],
    };
    const activity = await send('POST', `${dialogs}/${id}/activities`, opened);
    expect(activity.status).toBe(201);
    expect(activity.headers.get('etag')).toBe((await shown(id)).revision);
    const activityId = await activity.json();
    expect(await (await send('GET', `${dialogs}/${id}/activities`)).json()).toEqual([
      { id: activityId, type: 'TransmissionOpened', transmissionId: ids[0], createdAt: expect.any(String) },
    ]);
    expect(await (await send('GET', `${dialogs}/${id}/activities/${activityId}`)).json()).toMatchObject({
      performedBy: { actorType: 'PartyRepresentative', actorId: kari, actorName: 'Fisker Kari Anne' },
    });
    expect((await shown(id)).transmissions.map(({ isOpened }) => isOpened)).toEqual([true, false]);
  });

  it('that are not there are 404 under their own name', async () => {
    const { id } = await created();
    const missing = await send('GET', `${dialogs}/${id}/transmissions/${randomUUIDv7()}`);
    expect([missing.status, await errorKeys(missing)]).toEqual([404, ['DialogTransmission']]);
    const other = await send('GET', `${dialogs}/${id}/activities/${randomUUIDv7()}`);
    expect([other.status, await errorKeys(other)]).toEqual([404, ['DialogActivity']]);
  });

  it('name who the register knows', async () => {
    const { id } = await created();
    const sender = { actorType: 'PartyRepresentative', actorId: unregistered };
    const posted = await send('POST', `${dialogs}/${id}/transmissions`, { ...transmission, sender });
    expect([posted.status, await errorKeys(posted)]).toEqual([422, ['ActorId']]);
    const value = { ...transmission, sender: { ...sender, actorId: kari } };
    const patch = [{ op: 'add', path: '/transmissions/-', value }];
    expect((await send('PATCH', `${dialogs}/${id}`, patch)).status).toBe(204);
    expect((await shown(id)).transmissions[0]?.sender.actorName).toBe('Fisker Kari Anne');
  });

  it('refer to resources of the caller only', async () => {
    const { id } = await created();
    const foreign = { ...transmission, authorizationAttribute: 'urn:altinn:resource:nav-sick-leave' };
    const posted = await send('POST', `${dialogs}/${id}/transmissions`, foreign);
    expect([posted.status, await errorKeys(posted)]).toEqual([403, ['Forbidden']]);
    const patched = await send('PATCH', `${dialogs}/${id}`, [{ op: 'add', path: '/transmissions/-', value: foreign }]);
    expect([patched.status, await errorKeys(patched)]).toEqual([403, ['Forbidden']]);
    const own = { ...transmission, authorizationAttribute: 'urn:altinn:resource:ttd-catch-report' };
    expect((await send('POST', `${dialogs}/${id}/transmissions`, own)).status).toBe(201);
  });
});

describe('the life of a dialog', () => {
  it('ends, is taken up again, and ends for good, each with the revision that follows', async () => {
    const { id, revision } = await created();
    const before = await shown(id);
    const deleted = await send('DELETE', `${dialogs}/${id}`, undefined, { headers: { 'If-Match': revision } });
    expect(deleted.status).toBe(204);
    const { deletedAt, ...rest } = await shown(id);
    expect(rest).toEqual({ ...before, revision: deleted.headers.get('etag') });
    expect(deletedAt).toBeDefined();

    const stale = { headers: { 'If-Match': revision } };
    expect((await send('POST', `${dialogs}/${id}/actions/restore`, undefined, stale)).status).toBe(412);
    const restored = await send('POST', `${dialogs}/${id}/actions/restore`);
    expect(await shown(id)).toEqual({ ...before, revision: restored.headers.get('etag') });
    const again = await send('POST', `${dialogs}/${id}/actions/restore`);
    expect([again.status, again.headers.get('etag')]).toEqual([204, restored.headers.get('etag')]);

    expect((await send('POST', `${dialogs}/${id}/actions/purge`, undefined, stale)).status).toBe(412);
    const purged = await send('POST', `${dialogs}/${id}/actions/purge`);
    expect([purged.status, purged.headers.has('etag')]).toEqual([204, false]);
    expect((await send('GET', `${dialogs}/${id}`)).status).toBe(404);
    expect((await send('POST', `${dialogs}/${id}/actions/purge`)).status).toBe(404);
  });

  it('needs neither a body nor its type, and heeds none', async () => {
    const { id } = await created();
    const headers = { ...(await fixture.as('ttd')), 'Content-Type': 'text/plain' };
    const answer = await app.request(`${dialogs}/${id}`, { method: 'DELETE', headers, body: 'bye' });
    expect(answer.status).toBe(204);
    const bare = { method: 'POST', headers: await fixture.as('ttd') };
    expect((await app.request(`${dialogs}/${id}/actions/restore`, bare)).status).toBe(204);
    expect((await app.request(`${dialogs}/${id}/actions/purge`, bare)).status).toBe(204);
  });

  it('gives its key back when it is purged, and not when it is deleted', async () => {
    const body = { ...example, id: randomUUIDv7(), idempotentKey: randomUUID() };
    const { id } = await created(body);
    await send('DELETE', `${dialogs}/${id}`);
    const other = await send('POST', dialogs, { ...body, id: randomUUIDv7() });
    expect([other.status, await errorKeys(other)]).toEqual([422, ['Dialog']]);
    await send('POST', `${dialogs}/${id}/actions/purge`);
    expect(await created(body)).toMatchObject({ id });
  });
});

describe('a correction', () => {
  const correcting = { scope: `${serviceProvider} digdir:dialogporten.serviceprovider.changetransmissions` };

  it('replaces a transmission and leaves the dialog as it was, but for its revision', async () => {
    const { id } = await created();
    const first = await (await send('POST', `${dialogs}/${id}/transmissions`, transmission)).json();
    const attachments = [{ urls: [{ url: 'https://example.com/1.pdf', consumerType: 'Gui' }] }];
    const body = { ...transmission, attachments, idempotentKey: 'letter-1' };
    const second = await (await send('POST', `${dialogs}/${id}/transmissions`, body)).json();
    const before = await shown(id);
    const [attachment] = before.transmissions[1]?.attachments ?? [];
    const url = { ...attachment?.urls[0], url: 'https://example.com/2.pdf' };

    const corrected = await send(
      'PUT',
      `${dialogs}/${id}/transmissions/${second}?isSilentUpdate=true`,
      {
        ...transmission,
        type: 'Submission',
        relatedTransmissionId: first,
        attachments: [{ ...attachment, urls: [url] }],
      },
      correcting,
    );
    expect(corrected.status).toBe(204);
    const after = await shown(id);
    const { transmissions: _, revision, ...rest } = before;
    expect(after).toMatchObject(rest);
    expect(after.revision).toBe(corrected.headers.get('etag'));
    expect(after.revision).not.toBe(revision);
    expect(after.transmissions[1]).toEqual({
      ...before.transmissions[1],
      ...{ idempotentKey: undefined, type: 'Submission', relatedTransmissionId: first },
      attachments: [{ ...attachment, urls: [url] }],
    });
  });

  it('refers to resources of the caller only', async () => {
    const { id } = await created();
    const sent = await (await send('POST', `${dialogs}/${id}/transmissions`, transmission)).json();
    const foreign = { ...transmission, authorizationAttribute: 'urn:altinn:resource:nav-sick-leave' };
    const path = `${dialogs}/${id}/transmissions/${sent}?isSilentUpdate=true`;
    const answer = await send('PUT', path, foreign, correcting);
    expect([answer.status, await errorKeys(answer)]).toEqual([403, ['Forbidden']]);
  });
});

describe('an operation', () => {
  const respondAsync = { headers: { Prefer: 'respond-async' } };

  it('tells how a change ended that nobody waited for', async () => {
    const accepted = await send('POST', dialogs, example, respondAsync);
    expect(accepted.status).toBe(202);
    const { id, dialogId } = operation.parse(await accepted.json());
    const location = accepted.headers.get('location') ?? '';
    const ended = await send('GET', location, undefined, { headers: { Prefer: 'wait=10' } });
    const applied = operation.parse(await ended.json());
    expect(applied).toMatchObject({ id, dialogId, status: 'Applied', kind: 'CreateDialog' });
    expect((await shown(dialogId)).revision).toBe(applied.revision);
    expect((await send('GET', location, undefined, { org: 'nav' })).status).toBe(404);
  });

  it('has the problem of a change that was refused', async () => {
    const { id } = await created();
    const headers = { Prefer: 'respond-async', 'If-Match': randomUUID() };
    const patch = [{ op: 'replace', path: '/status', value: 'Completed' }];
    const accepted = await send('PATCH', `${dialogs}/${id}`, patch, { headers });
    expect(accepted.status).toBe(202);
    const location = accepted.headers.get('location') ?? '';
    const ended = await send('GET', location, undefined, { headers: { Prefer: 'wait=10' } });
    expect(await ended.json()).toMatchObject({ status: 'Rejected', problem: { status: 412 } });
  });

  it('is streamed to its end', async () => {
    const accepted = await send('POST', dialogs, example, respondAsync);
    const headers = { Accept: 'text/event-stream' };
    const stream = await send('GET', accepted.headers.get('location') ?? '', undefined, { headers });
    expect((await stream.text()).trim().split('\n\n').at(-1)).toMatch(/^event: operation\ndata: .*"status":"Applied"/);
  });
});
