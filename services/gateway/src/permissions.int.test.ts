import { randomUUIDv7 } from 'node:crypto';
import { scopes } from '@dialog/access/service-owner';
import { problem } from '@dialog/contracts/problem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type GatewayApp, serviceOwnerPath } from './gateway-app.ts';
import { type GatewayFixture, openGatewayFixture } from './testing/gateway-fixture.ts';

const kari = 'urn:altinn:person:identifier-no:01817030080';
const party = 'urn:altinn:organization:identifier-no:313007103';
const sender = { actorType: 'ServiceOwner' };
const content = { title: { value: [{ languageCode: 'nb', value: 'Byggesøknad' }] } };
const transmission = { type: 'Information', sender, content };

let fixture: GatewayFixture;
let app: GatewayApp;
beforeAll(async () => {
  fixture = await openGatewayFixture();
  fixture.startWorker();
  app = await fixture.openGateway();
});
afterAll(() => fixture.close());

/** Who asks: an organisation with the scopes of the whole API, or with one alone. */
type Caller = { org: string; admin: boolean; onlyScope?: string };
type Request = { method: string; path: string; body?: unknown };

async function send({ org, admin, onlyScope }: Caller, { method, path, body }: Request): Promise<Response> {
  const ordinary = [scopes.serviceProvider, scopes.search, scopes.changeTransmissions];
  const scope = onlyScope ?? [...ordinary, ...(admin ? [scopes.admin] : [])].join(' ');
  return app.request(`${serviceOwnerPath}${path}`, {
    method,
    headers: { ...(await fixture.as(org, scope)), 'Content-Type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

const owner: Caller = { org: 'ttd', admin: false };
const ownerAsAdmin: Caller = { org: 'ttd', admin: true };
const other: Caller = { org: 'skd', admin: false };
const otherAsAdmin: Caller = { org: 'digdir', admin: true };

/** A dialog of ttd, with what the operations name of it. */
type Example = { id: string; path: string; transmissionId: string; activityId: string };

async function example(state: 'live' | 'frozen' | 'deleted'): Promise<Example> {
  const [id, transmissionId, activityId] = [randomUUIDv7(), randomUUIDv7(), randomUUIDv7()];
  const body = {
    ...{ id, party, content, serviceResource: 'urn:altinn:resource:ttd-building-permit', externalReference: id },
    transmissions: [{ ...transmission, id: transmissionId }],
    activities: [{ type: 'FormSaved', performedBy: sender, id: activityId }],
  };
  const path = `/dialogs/${id}`;
  expect((await send(owner, { method: 'POST', path: '/dialogs', body })).status).toBe(201);
  if (state === 'frozen') {
    expect((await send(ownerAsAdmin, { method: 'POST', path: `${path}/actions/freeze` })).status).toBe(204);
  }
  if (state === 'deleted') expect((await send(owner, { method: 'DELETE', path })).status).toBe(204);
  return { id, path, transmissionId, activityId };
}

/** Section 36 of the service owner API: the state of the dialog, and who asks. */
const columns = [
  ['live', 'live', owner],
  ['frozen', 'frozen', owner],
  ['frozen, admin', 'frozen', ownerAsAdmin],
  ['deleted', 'deleted', owner],
  ['deleted, admin', 'deleted', ownerAsAdmin],
  ['of another org', 'live', other],
  ['of another org, admin', 'live', otherAsAdmin],
] as const;

type Answers<Answer> = readonly [Answer, Answer, Answer, Answer, Answer, Answer, Answer];

/** What an operation answers, column by column, and the request that it is. */
const operations: [string, Answers<number>, (dialog: Example, caller: Caller) => Request][] = [
  ['GET dialog', [200, 200, 200, 200, 200, 404, 200], ({ path }) => ({ method: 'GET', path })],
  ['PUT', [204, 403, 204, 410, 410, 404, 204], ({ path }) => ({ method: 'PUT', path, body: put })],
  ['PATCH', [204, 403, 204, 410, 410, 404, 204], ({ path }) => ({ method: 'PATCH', path, body: patch })],
  ['DELETE', [204, 403, 204, 410, 410, 404, 204], ({ path }) => ({ method: 'DELETE', path })],
  ['purge', [204, 204, 204, 204, 204, 404, 204], ({ path }) => post(`${path}/actions/purge`)],
  ['restore', [204, 204, 204, 204, 204, 404, 204], ({ path }) => post(`${path}/actions/restore`)],
  ['freeze', [403, 403, 204, 403, 410, 403, 204], ({ path }) => post(`${path}/actions/freeze`)],
  ['POST transmission', [201, 403, 201, 410, 410, 404, 201], ({ path }) => post(`${path}/transmissions`, transmission)],
  [
    'PUT transmission',
    [204, 403, 204, 410, 410, 404, 204],
    ({ path, transmissionId }) => ({
      ...{ method: 'PUT', path: `${path}/transmissions/${transmissionId}?isSilentUpdate=true`, body: transmission },
    }),
  ],
  [
    'POST activity',
    [201, 403, 201, 410, 201, 404, 201],
    ({ path }) => post(`${path}/activities`, { type: 'FormSubmitted', performedBy: sender }),
  ],
  ['GET transmissions', [200, 200, 200, 410, 410, 404, 200], ({ path }) => get(`${path}/transmissions`)],
  [
    'GET transmission',
    [200, 200, 200, 410, 410, 404, 200],
    ({ path, transmissionId }) => get(`${path}/transmissions/${transmissionId}`),
  ],
  ['GET activities', [200, 200, 200, 410, 410, 404, 200], ({ path }) => get(`${path}/activities`)],
  [
    'GET activity',
    [200, 200, 200, 410, 410, 404, 200],
    ({ path, activityId }) => get(`${path}/activities/${activityId}`),
  ],
  ['GET seen log', [200, 200, 200, 410, 410, 404, 200], ({ path }) => get(`${path}/seenlog`)],
  ['GET service owner labels', [200, 200, 200, 404, 404, 404, 404], ({ path }) => get(`${path}/context/labels`)],
  [
    'POST service owner label',
    [204, 204, 204, 404, 404, 404, 404],
    ({ path }) => post(`${path}/context/labels`, { value: 'case' }),
  ],
  [
    'system labels',
    [204, 204, 204, 404, 404, 404, 204],
    ({ path }, caller) => ({
      ...{ method: 'PUT', path: `${path}/endusercontext/systemlabels${onBehalfOf(caller)}`, body: archive(caller) },
    }),
  ],
  [
    'bulkset',
    [204, 204, 204, 404, 404, 404, 204],
    ({ id }, caller) =>
      post(`/dialogs/endusercontext/systemlabels/actions/bulkset${onBehalfOf(caller)}`, {
        ...{ dialogs: [{ dialogId: id }], ...archive(caller) },
      }),
  ],
  [
    'dialoglookup',
    [200, 200, 200, 200, 200, 403, 200],
    ({ id }) => get(`/dialoglookup?instanceRef=urn:altinn:dialog-id:${id}`),
  ],
  [
    'updateFormSavedActivityTime',
    [403, 403, 204, 403, 204, 403, 204],
    ({ path, activityId }) =>
      post(`${path}/activities/${activityId}/actions/updateFormSavedActivityTime`, '2026-01-01T00:00:00Z'),
  ],
];

const put = { status: 'Completed', content };
const patch = [{ op: 'replace', path: '/progress', value: 50 }];
const get = (path: string): Request => ({ method: 'GET', path });
const post = (path: string, body?: unknown): Request => ({ method: 'POST', path, body });

/** Administrators name whom they label for; others label on behalf of an end user. */
function onBehalfOf({ admin }: Caller): string {
  return admin ? '' : `?enduserid=${kari}`;
}

function archive({ admin }: Caller): object {
  const performedBy = { actorType: 'PartyRepresentative', actorId: kari };
  return { addLabels: ['Archive'], ...(admin && { performedBy }) };
}

/** Under which key each refusal is told. */
const keys: Readonly<Record<number, string>> = { 403: 'Forbidden', 404: 'DialogEntity', 410: 'DialogEntity' };

describe.each(operations)('%s', (_name, answers, requestOf) => {
  it.each(columns.map((column, index) => [...column, answers[index]] as const))(
    'of a dialog that is %s',
    async (_column, state, caller, status) => {
      const answer = await send(caller, requestOf(await example(state), caller));
      expect(answer.status).toBe(status);
      if (answer.status < 400) return;
      expect(Object.keys(problem.parse(await answer.json()).errors ?? {})).toEqual([keys[answer.status]]);
    },
  );
});

const page = z.object({ items: z.array(z.object({ id: z.string().optional(), dialogId: z.string().optional() })) });

/** Lists that a dialog may be on. */
const lists: [string, Answers<boolean>, (dialog: Example) => Request][] = [
  ['the search', [true, true, true, false, false, false, false], ({ id }) => get(`/dialogs?externalReference=${id}`)],
  [
    'the search for deleted dialogs too',
    [true, true, true, true, true, false, false],
    ({ id }) => get(`/dialogs?externalReference=${id}&deleted=Include`),
  ],
  [
    'the end-user contexts',
    [true, true, true, true, true, false, false],
    () => get(`/dialogs/endusercontext?party=${party}&limit=1000`),
  ],
];

describe.each(lists)('%s', (_name, answers, requestOf) => {
  it.each(columns.map((column, index) => [...column, answers[index]] as const))(
    'of a dialog that is %s',
    async (_column, state, caller, listed) => {
      const dialog = await example(state);
      const answer = await send(caller, requestOf(dialog));
      expect(answer.status).toBe(200);
      const { items } = page.parse(await answer.json());
      expect(items.some(({ id, dialogId }) => (id ?? dialogId) === dialog.id)).toBe(listed);
    },
  );
});

describe('what does not look at the dialog’s state or owner', () => {
  it.each(['live', 'frozen', 'deleted'] as const)('tells whether to remind of a dialog that is %s', async (state) => {
    const { path } = await example(state);
    const asked = get(`${path}/actions/should-send-notification?conditionType=Exists&activityType=FormSaved`);
    for (const org of ['ttd', 'skd']) {
      const answer = await send({ org, admin: false, onlyScope: scopes.notificationCondition }, asked);
      expect([answer.status, await answer.json()]).toEqual([200, { sendNotification: true }]);
    }
  });
});
