import { randomUUIDv7 } from 'node:crypto';
import { isListed, type ListedDialog } from '@dialog/access/list-authorization';
import { openPlatform } from '@dialog/access/platform/platform';
import { dialogChange } from '@dialog/contracts/dialog-event';
import { type DialogView, dialogView } from '@dialog/contracts/dialog-view';
import { problem } from '@dialog/contracts/problem';
import type { Database } from '@dialog/database/open';
import { createLogger } from '@dialog/telemetry/logger';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import type { GatewayApp } from './gateway-app.ts';
import { listAuthorizationsOf } from './list-authorizations.ts';
import { createDialog } from './testing/create-dialog.ts';
import {
  type GatewayFixture,
  nowhere,
  openGatewayFixture,
  platformAt,
  serviceProvider,
} from './testing/gateway-fixture.ts';

const dialogs = '/api/v1/serviceowner/dialogs';
const person = (number: string) => `urn:altinn:person:identifier-no:${number}`;
const organization = (number: string) => `urn:altinn:organization:identifier-no:${number}`;
const resource = (id: string) => `urn:altinn:resource:${id}`;
/** Manages Børgefisk, which has a sub-unit. */
const kari = person('01817030080');
/** Has single cases at the sub-unit. */
const ola = person('05826510058');
const fish = organization('313007103');
const north = organization('313007200');
const permit = resource('ttd-building-permit');
const content = { title: { value: [{ languageCode: 'nb', value: 'Byggesøknad' }] } };

const nameless = person('11848110045');
const admin = `${serviceProvider} digdir:dialogporten.serviceprovider.admin`;

let fixture: GatewayFixture;
let app: GatewayApp;
let db: Database;
beforeAll(async () => {
  fixture = await openGatewayFixture();
  fixture.startWorker();
  app = await fixture.openGateway();
  db = fixture.openDatabase();
});
afterAll(() => fixture.close());

async function created(more: object = {}, { scope }: { scope?: string } = {}): Promise<string> {
  return createDialog(app, await fixture.as('ttd', scope), { serviceResource: permit, party: fish, content, ...more });
}

async function opened(id: string, endUserId: string, options: { org?: string; scope?: string; app?: GatewayApp } = {}) {
  const { org = 'ttd', scope, app: gateway = app } = options;
  return gateway.request(`${dialogs}/${id}?endUserId=${endUserId}`, { headers: await fixture.as(org, scope) });
}

async function shown(id: string, endUserId?: string): Promise<DialogView> {
  const query = endUserId === undefined ? '' : `?endUserId=${endUserId}`;
  const answer = await app.request(`${dialogs}/${id}${query}`, { headers: await fixture.as('ttd') });
  if (answer.status !== 200) throw new Error(await answer.text());
  return dialogView.parse(await answer.json());
}

async function patched(id: string, path: string, value: unknown): Promise<void> {
  const headers = { ...(await fixture.as('ttd')), 'Content-Type': 'application/json-patch+json' };
  const body = JSON.stringify([{ op: 'replace', path, value }]);
  expect((await app.request(`${dialogs}/${id}`, { method: 'PATCH', headers, body })).status).toBe(204);
}

async function calls(operation: string): Promise<number | undefined> {
  const counts = await (await fetch(`${fixture.emulator.baseUrl}/emulator/calls`)).json();
  return z.record(z.string(), z.number()).parse(counts)[operation];
}

/** Lets an operation of the platform fail until the test is over. */
async function spoil(operation: string): Promise<void> {
  const faults = `${fixture.emulator.baseUrl}/emulator/faults`;
  onTestFinished(async () => void (await fetch(faults, { method: 'DELETE' })));
  await fetch(faults, { method: 'POST', body: JSON.stringify({ operation, status: 500 }) });
}

async function seenLog(id: string): Promise<unknown> {
  return (await app.request(`${dialogs}/${id}/seenlog`, { headers: await fixture.as('ttd') })).json();
}

async function events(id: string): Promise<string[]> {
  const rows = await db.selectFrom('outbox').select('change').orderBy('lane').orderBy('seq').execute();
  const changes = rows.map(({ change }) => dialogChange.parse(JSON.parse(change)));
  return changes.filter(({ dialogId }) => dialogId === id).flatMap((change) => change.events.map(({ type }) => type));
}

describe('a dialog that is opened for a person', () => {
  const attribute = (authorizationAttribute: string) => ({ authorizationAttribute });
  const titled = (nb: string) => [{ languageCode: 'nb', value: nb }];
  const transmission = { type: 'Information', sender: { actorType: 'ServiceOwner' }, content };
  const guiAction = (action: string, priority: string, more: object = {}) => ({
    ...{ action, priority, title: titled(action), url: `https://ttd.example/${action}` },
    ...more,
  });
  const endpoints = [{ url: 'https://ttd.example/api', httpMethod: 'POST' }];
  const reference = {
    mediaType: 'application/vnd.dialogporten.frontchannelembed-url;type=text/markdown',
    value: titled('https://ttd.example/main.md'),
  };
  const withParts = {
    content: { ...content, mainContentReference: reference },
    guiActions: [
      guiAction('write', 'Primary'),
      guiAction('write', 'Tertiary', attribute('urn:altinn:resource:ttd-catch-report')),
      guiAction('delete', 'Secondary', { isDeleteDialogAction: true, httpMethod: 'DELETE' }),
    ],
    apiActions: [{ action: 'write', endpoints, ...attribute('urn:altinn:subresource:any') }],
    transmissions: [
      transmission,
      { ...transmission, ...attribute('urn:altinn:subresource:neighbours') },
      { ...transmission, ...attribute('urn:altinn:subresource:other') },
    ],
  };

  it('says what the person may do, and keeps everything in it', async () => {
    const id = await created(withParts);
    const plain = await shown(id);
    expect(JSON.stringify(plain)).not.toContain('isAuthorized');
    const dialog = await shown(id, kari);
    expect(dialog.content?.mainContentReference?.isAuthorized).toBe(true);
    expect(dialog.guiActions.map(({ isAuthorized }) => isAuthorized)).toEqual([true, true, false]);
    expect(dialog.apiActions.map(({ isAuthorized }) => isAuthorized)).toEqual([true]);
    expect(dialog.transmissions.map(({ isAuthorized }) => isAuthorized)).toEqual([true, true, false]);
    const urls = (view: DialogView) => view.guiActions.map(({ url }) => url);
    expect(urls(dialog)).toEqual(urls(plain));
  });

  it('shows the visit that this is, and leaves revision and times as they were', async () => {
    const id = await created();
    // What nobody may do is the owner's to know.
    const { authorization: _, ...before } = await shown(id);
    const answer = await opened(id, kari);
    expect(answer.headers.get('etag')).toBe(before.revision);
    const dialog = dialogView.parse(await answer.json());
    const visit = {
      id: expect.any(String),
      seenAt: expect.any(String),
      seenBy: { actorType: 'PartyRepresentative', actorId: kari, actorName: 'Fisker Kari Anne' },
      ...{ isViaServiceOwner: true, isCurrentEndUser: true },
    };
    expect(dialog).toEqual({
      ...{ ...before, isContentSeen: true, seenSinceLastUpdate: [visit], seenSinceLastContentUpdate: [visit] },
    });
    const { isCurrentEndUser: _isKari, ...logged } = visit;
    expect(await seenLog(id)).toEqual([logged]);
    expect(await shown(id)).toMatchObject({ seenSinceLastUpdate: [{ isCurrentEndUser: false }] });
    expect(await events(id)).toEqual(['DialogCreated', 'DialogUpdated', 'DialogSeen']);
  });

  it('is visited once until it changes, by no command, however many come at once', async () => {
    const id = await created();
    const answers = await Promise.all([1, 2, 3, 4].map(() => opened(id, kari)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const operations = async () =>
      (await db.selectFrom('operation').select('id').where('dialog_id', '=', id).execute()).length;
    const before = await operations();
    expect((await opened(id, '01817030080')).status).toBe(200);
    expect(await operations()).toBe(before);
    expect(await seenLog(id)).toHaveLength(1);
    expect(await events(id)).toEqual(['DialogCreated', 'DialogUpdated', 'DialogSeen']);

    await patched(id, '/status', 'Completed');
    expect(await shown(id)).toMatchObject({ isContentSeen: false, seenSinceLastUpdate: [] });
    expect(await shown(id, kari)).toMatchObject({ isContentSeen: true, seenSinceLastUpdate: [{}] });
    expect(await seenLog(id)).toHaveLength(2);
  });

  it('is no longer marked as unopened', async () => {
    const id = await created();
    await shown(id, kari);
    const performedBy = { actorType: 'PartyRepresentative', actorName: 'Kari' };
    const marked = await app.request(`${dialogs}/${id}/endusercontext/systemlabels`, {
      method: 'PUT',
      headers: { ...(await fixture.as('digdir', admin)), 'Content-Type': 'application/json' },
      body: JSON.stringify({ addLabels: ['MarkedAsUnopened'], performedBy }),
    });
    expect(marked.status).toBe(204);
    const before = await shown(id);
    expect(before).toMatchObject({
      isContentSeen: false,
      endUserContext: { systemLabels: ['Default', 'MarkedAsUnopened'] },
    });
    const after = await shown(id, kari);
    expect(after).toMatchObject({ isContentSeen: true, endUserContext: { systemLabels: ['Default'] } });
    expect(after.endUserContext.revision).not.toBe(before.endUserContext.revision);
    const log = await db.selectFrom('dialog_label_log').selectAll().where('dialog_id', '=', id).execute();
    expect(log.find(({ action }) => action === 'remove')).toMatchObject({
      name: 'systemlabel:MarkedAsUnopened',
      performed_by: { actorId: kari, actorName: 'Fisker Kari Anne' },
    });
  });

  it('does not exist without a right to it, before its time, after it, or for another service owner', async () => {
    const future = '2099-01-01T12:00:00Z';
    const past = '2026-01-01T12:00:00Z';
    const refused = [
      await opened(await created(), ola),
      await opened(await created({ party: organization('313007308') }), kari),
      await opened(await created({ visibleFrom: future }), kari),
      await opened(await created({ expiresAt: past }, { scope: admin }), kari),
      await opened(await created(), kari, { org: 'nav' }),
      await opened(randomUUIDv7(), kari),
    ];
    for (const answer of refused) {
      expect(answer.status).toBe(404);
      expect(Object.keys(problem.parse(await answer.json()).errors ?? {})).toEqual(['DialogEntity']);
    }
    expect((await opened(await created(), kari, { org: 'digdir', scope: admin })).status).toBe(200);
  });

  it('is there for those who were delegated this one', async () => {
    const id = '019cf0a2-6d5e-7c31-9d44-0f6a1b2c3d01';
    await created({ id, party: north });
    expect(await shown(id, ola)).toMatchObject({ seenSinceLastUpdate: [{ seenBy: { actorName: 'Snekker Ola' } }] });
  });

  it('is there when it is deleted, which its visitor is told', async () => {
    const id = await created();
    await app.request(`${dialogs}/${id}`, { method: 'DELETE', headers: await fixture.as('ttd') });
    expect(await shown(id, kari)).toMatchObject({ deletedAt: expect.any(String), isContentSeen: true });
  });

  it('stays closed to a visitor whose name nobody knows', async () => {
    const id = await created();
    expect((await opened(id, nameless)).status).toBe(500);
    expect(await seenLog(id)).toEqual([]);
  });

  it('is 502 when the platform is away, unless it has answered before', async () => {
    const id = await created();
    await shown(id, kari);
    await spoil('decision-point');
    expect((await opened(id, kari)).status).toBe(200);
    expect((await opened(await created(), kari)).status).toBe(502);
  });

  it('asks the decision point once for the same question', async () => {
    const id = await created();
    const before = (await calls('decision-point')) ?? 0;
    for (let visit = 0; visit < 3; visit += 1) await shown(id, kari);
    expect(await calls('decision-point')).toBe(before + 1);
  });

  it('is shown as it was when the visit takes long to record', async () => {
    const id = await created();
    const impatient = await fixture.openGateway({ limits: { writeWaitMs: 0 } });
    const answer = await opened(id, kari, { app: impatient });
    expect(dialogView.parse(await answer.json())).toMatchObject({ isContentSeen: false, seenSinceLastUpdate: [] });
    await expect.poll(() => seenLog(id)).toHaveLength(1);
  });

  it('is not shown when the visit cannot be recorded', async () => {
    const id = await created();
    const cutOff = await fixture.openGateway({ redisUrl: `redis://${nowhere}` });
    expect((await opened(id, kari, { app: cutOff })).status).toBe(503);
    await shown(id, kari);
    expect((await opened(id, kari, { app: cutOff })).status).toBe(200);
  });
});

describe('what a person finds in lists', () => {
  const log = createLogger('test', 'silent');
  const lists = () =>
    listAuthorizationsOf(openPlatform(platformAt(fixture.emulator.baseUrl, fixture.emulator), { log }), db);

  async function mayList(caller: string, dialog: ListedDialog): Promise<boolean> {
    const question = { caller, parties: [dialog.party], resources: [dialog.serviceResource] };
    return isListed(await lists().listAuthorization(question), dialog);
  }

  it('follows from roles and packages at parties', async () => {
    const { resourcesByParty } = await lists().listAuthorization({
      caller: kari,
      parties: [fish, north],
      resources: [],
    });
    const found = [...resourcesByParty].map(([party, resources]) => [party, resources.has(permit)]);
    expect(found).toEqual([
      [fish, true],
      [north, true],
    ]);
    const dialog = { id: await created(), party: fish, serviceResource: permit };
    expect(await mayList(kari, dialog)).toBe(true);
    expect(await mayList(ola, dialog)).toBe(false);
    expect(await mayList(kari, { ...dialog, serviceResource: resource('skd-tax-return') })).toBe(false);
  });

  it('has single dialogs that were delegated, by id and by label', async () => {
    const delegated = '019cf0a2-6d5e-7c31-9d44-0f6a1b2c3d01';
    expect(await mayList(ola, { id: delegated, party: north, serviceResource: permit })).toBe(true);

    const registration = resource('app_ttd_registration');
    const label = 'urn:altinn:integration:storage:50081234/5D2F3C1E-8a44-4b0f-b1b2-7f5c6e4d3a02';
    const serviceOwnerContext = { serviceOwnerLabels: [{ value: 'other' }, { value: label }] };
    const labelled = await created({ party: north, serviceResource: registration, serviceOwnerContext });
    const another = await created({ party: north, serviceResource: registration });
    const dialog = { party: north, serviceResource: registration };
    expect(await mayList(ola, { ...dialog, id: labelled })).toBe(true);
    expect(await mayList(ola, { ...dialog, id: another })).toBe(false);
  });
});
