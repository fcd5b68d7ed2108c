import { randomUUIDv7 } from 'node:crypto';
import { problem } from '@dialog/contracts/problem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { GatewayApp } from './gateway-app.ts';
import { type GatewayFixture, openGatewayFixture, serviceProvider } from './testing/gateway-fixture.ts';

const base = '/api/v1/serviceowner';
const dialogs = `${base}/dialogs`;
const serviceOwner = { actorType: 'ServiceOwner' };
const content = { title: { value: [{ languageCode: 'nb', value: 'Byggesøknad' }] } };
const example = {
  serviceResource: 'urn:altinn:resource:ttd-building-permit',
  party: 'urn:altinn:organization:identifier-no:313007103',
  content,
};
const transmission = { type: 'Information', sender: serviceOwner, content };
const activity = { type: 'FormSaved', performedBy: serviceOwner };
const byKari = { performedBy: { actorType: 'PartyRepresentative', actorName: 'Kari' } };
const progress = (value: number) => [{ op: 'replace', path: '/progress', value }];

const rest = 'digdir:dialogporten.serviceprovider';
const searching = `${serviceProvider} ${rest}.search`;
const correcting = `${serviceProvider} ${rest}.changetransmissions`;

let fixture: GatewayFixture;
let app: GatewayApp;
/** A dialog of ttd, its transmission and its activity. */
let dialog: { id: string; transmission: string; activity: string };
beforeAll(async () => {
  fixture = await openGatewayFixture();
  fixture.startWorker();
  app = await fixture.openGateway();
  dialog = await createdDialog();
});
afterAll(() => fixture.close());

async function send(org: string, scope: string, method: string, path: string, body?: unknown): Promise<Response> {
  return app.request(path, {
    method,
    headers: { ...(await fixture.as(org, scope)), 'Content-Type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

async function errorsOf(answer: Response) {
  return problem.parse(await answer.json()).errors ?? {};
}

async function createdDialog(): Promise<typeof dialog> {
  const ids = { id: randomUUIDv7(), transmission: randomUUIDv7(), activity: randomUUIDv7() };
  const body = {
    ...{ ...example, id: ids.id, serviceOwnerContext: { serviceOwnerLabels: [{ value: 'case:1' }] } },
    transmissions: [{ ...transmission, id: ids.transmission }],
    activities: [{ ...activity, id: ids.activity }],
  };
  expect((await send('ttd', serviceProvider, 'POST', dialogs, body)).status).toBe(201);
  return ids;
}

/** In paths and bodies, ID, TRANSMISSION and ACTIVITY stand for those of the dialog. */
function about(text: string): string {
  return text
    .replace('TRANSMISSION', dialog.transmission)
    .replace('ACTIVITY', dialog.activity)
    .replace('ID', dialog.id);
}

type Row = [what: string, method: string, path: string, body: unknown, admin: number, other: number, scope?: string];

const correction = { ...transmission, isSilentUpdate: true };
const rows: Row[] = [
  ['GET dialog', 'GET', `${dialogs}/ID`, undefined, 200, 404],
  ['GET transmissions', 'GET', `${dialogs}/ID/transmissions`, undefined, 200, 404],
  ['GET transmission', 'GET', `${dialogs}/ID/transmissions/TRANSMISSION`, undefined, 200, 404],
  ['GET activities', 'GET', `${dialogs}/ID/activities`, undefined, 200, 404],
  ['GET activity', 'GET', `${dialogs}/ID/activities/ACTIVITY`, undefined, 200, 404],
  ['GET seen log', 'GET', `${dialogs}/ID/seenlog`, undefined, 200, 404],
  ['PUT', 'PUT', `${dialogs}/ID`, { status: 'Draft', content }, 204, 404],
  ['PATCH', 'PATCH', `${dialogs}/ID`, progress(10), 204, 404],
  ['PATCH with what is no progress', 'PATCH', `${dialogs}/ID`, progress(140), 400, 404],
  [
    'PATCH with a date of the past',
    'PATCH',
    `${dialogs}/ID`,
    [{ op: 'add', path: '/dueAt', value: '2020-01-01T00:00:00Z' }],
    204,
    404,
  ],
  ['POST transmission', 'POST', `${dialogs}/ID/transmissions`, transmission, 201, 404],
  ['POST activity', 'POST', `${dialogs}/ID/activities`, activity, 201, 404],
  [
    'POST activity of correspondences',
    'POST',
    `${dialogs}/ID/activities`,
    { ...activity, type: 'CorrespondenceOpened' },
    403,
    404,
  ],
  ['PUT transmission without its scope', 'PUT', `${dialogs}/ID/transmissions/TRANSMISSION`, correction, 403, 403],
  ['PUT transmission', 'PUT', `${dialogs}/ID/transmissions/TRANSMISSION`, correction, 204, 404, correcting],
  [
    'move an activity',
    'POST',
    `${dialogs}/ID/activities/ACTIVITY/actions/updateFormSavedActivityTime`,
    '2026-01-01T00:00:00Z',
    204,
    403,
  ],
  [
    'system labels',
    'PUT',
    `${dialogs}/ID/endusercontext/systemlabels`,
    { addLabels: ['Archive'], ...byKari },
    204,
    404,
  ],
  [
    'bulkset',
    'POST',
    `${dialogs}/endusercontext/systemlabels/actions/bulkset`,
    { dialogs: [{ dialogId: 'ID' }], addLabels: ['Bin'], ...byKari },
    204,
    403,
  ],
  ['look-up', 'GET', `${base}/dialoglookup?instanceRef=urn:altinn:dialog-id:ID`, undefined, 200, 403],
  ['GET labels', 'GET', `${dialogs}/ID/context/labels`, undefined, 404, 404],
  ['POST label', 'POST', `${dialogs}/ID/context/labels`, { value: 'case:2' }, 404, 404],
  ['DELETE label', 'DELETE', `${dialogs}/ID/context/labels/case:1`, undefined, 404, 404],
  ['freeze', 'POST', `${dialogs}/ID/actions/freeze`, undefined, 204, 403],
  ['PATCH what is frozen', 'PATCH', `${dialogs}/ID`, progress(20), 204, 404],
  ['DELETE', 'DELETE', `${dialogs}/ID`, undefined, 204, 404],
  ['POST activity to what is deleted', 'POST', `${dialogs}/ID/activities`, activity, 201, 404],
  ['POST transmission to what is deleted', 'POST', `${dialogs}/ID/transmissions`, transmission, 410, 404],
  ['restore', 'POST', `${dialogs}/ID/actions/restore`, undefined, 204, 404],
  ['purge', 'POST', `${dialogs}/ID/actions/purge`, undefined, 204, 404],
];

describe('a new dialog', () => {
  it('is refused for its resource, which is told in the order of the rules', async () => {
    const idempotentKey = randomUUIDv7();
    const keyed = { ...example, idempotentKey };
    expect((await send('ttd', serviceProvider, 'POST', dialogs, keyed)).status).toBe(201);
    const unknown = { ...keyed, serviceResource: 'urn:altinn:resource:nobody-knows', dueAt: '2020-01-01T00:00:00Z' };
    const late = await send('ttd', serviceProvider, 'POST', dialogs, unknown);
    expect(late.status).toBe(422);
    expect(Object.keys(await errorsOf(late))).toEqual(['ServiceResource', 'Org', 'DueAt']);

    const guiActions = [
      {
        ...{ action: 'read', url: 'https://example.com', priority: 'Primary', title: content.title.value },
        authorizationAttribute: 'urn:altinn:resource:NAV-sick-leave',
      },
    ];
    const foreign = await send('skd', serviceProvider, 'POST', dialogs, { ...keyed, guiActions });
    expect(foreign.status).toBe(403);
    expect(await errorsOf(foreign)).toEqual({
      Forbidden: [`Not owned by the caller: urn:altinn:resource:nav-sick-leave, ${example.serviceResource}`],
    });
  });

  it('of a correspondence is made and changed with the scope for it only', async () => {
    const scoped = `${serviceProvider} digdir:dialogporten.correspondence`;
    const letter = { ...example, id: randomUUIDv7(), serviceResource: 'urn:altinn:resource:ttd-correspondence' };
    const one = `${dialogs}/${letter.id}`;
    expect((await send('ttd', serviceProvider, 'POST', dialogs, letter)).status).toBe(403);
    expect((await send('ttd', scoped, 'POST', dialogs, letter)).status).toBe(201);
    const shown = async () => (await send('ttd', serviceProvider, 'GET', one)).json();
    expect(await shown()).toMatchObject({ serviceResourceType: 'correspondenceservice', hasUnopenedContent: true });
    for (const [method, path, body] of [
      ['PATCH', one, progress(10)],
      ['PUT', one, { status: 'Draft', content }],
      ['POST', `${one}/transmissions`, transmission],
      ['POST', `${one}/activities`, activity],
      ['DELETE', one, undefined],
    ] as const) {
      const answer = await send('ttd', serviceProvider, method, path, body);
      expect([answer.status, Object.keys(await errorsOf(answer))]).toEqual([403, ['Forbidden']]);
    }
    const opened = { ...activity, type: 'CorrespondenceOpened' };
    expect((await send('ttd', scoped, 'POST', `${one}/activities`, opened)).status).toBe(201);
    expect(await shown()).toMatchObject({ hasUnopenedContent: false });
  });
});

describe('an administrator, on dialogs of other orgs', () => {
  // In this order: later rows meet what earlier ones have left.
  it.each(rows)('%s', async (_, method, path, body, admin, other, scope = serviceProvider) => {
    const sent = body === undefined ? undefined : JSON.parse(about(JSON.stringify(body)));
    const refused = await send('nav', scope, method, about(path), sent);
    const allowed = await send('digdir', `${scope} ${rest}.admin`, method, about(path), sent);
    expect({ admin: allowed.status, other: refused.status }).toEqual({ admin, other });
  });

  const items = z.object({ items: z.array(z.unknown()) });

  it.each([
    ['search', `${dialogs}?party=${example.party}`],
    ['search of labels', `${dialogs}/endusercontext?party=${example.party}`],
  ])('%s finds none, for administrators neither', async (_, path) => {
    await createdDialog();
    const own = items.parse(await (await send('ttd', searching, 'GET', path)).json());
    expect(own.items.length).toBeGreaterThan(0);
    const others = await send('digdir', `${searching} ${rest}.admin`, 'GET', path);
    expect(items.parse(await others.json()).items).toEqual([]);
  });
});
