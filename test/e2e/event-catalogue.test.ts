import { setTimeout as delay } from 'node:timers/promises';
import type { CommandKind } from '@dialog/contracts/commands';
import { activityTypeName } from '@dialog/contracts/enumerations';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import { readDescribedEvents } from '../constellation/described-events.ts';
import { type Answer, createdId, type ServiceOwner, smallDialog } from '../constellation/service-owner.ts';
import { openStoredEvents, type StoredEvents, type StoredMessage } from '../constellation/stored-events.ts';

let space: TestSpace;
let services: Constellation;
let events: StoredEvents;
let ttd: ServiceOwner;
let stored: StoredMessage[];
beforeAll(async () => {
  space = await openTestSpace();
  services = await openConstellation(space);
  await Promise.all([services.startAll(), services.startVisibilityWorker()]);
  ttd = await services.serviceOwner('ttd', scopes.join(' '));
  events = await openStoredEvents(space);
  for (const kind of kinds) await send[kind]();
  await vi.waitFor(async () => expect(await relayed()).toBe(true), waiting);
  stored = await events.messages();
}, 90_000);
afterAll(async () => {
  await events.close();
  await services.close();
  await space.close();
});
beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(services.logs())));

const provider = 'digdir:dialogporten.serviceprovider';
const scopes = [provider, `${provider}.admin`, `${provider}.changetransmissions`, 'digdir:dialogporten.correspondence'];
const dialogs = '/api/v1/serviceowner/dialogs';
const kari = 'urn:altinn:person:identifier-no:01817030080';
const party = 'urn:altinn:organization:identifier-no:313007103';
const content = { title: { value: [{ languageCode: 'nb', value: 'Byggesøknad' }] } };
const processes = { process: 'urn:ttd:process:2', precedingProcess: 'urn:ttd:process:1' };
const soonMs = 2_000;
const waiting = { timeout: 30_000, interval: 50 };

const id = uuidv7();
const transmissionIds = [uuidv7(), uuidv7()];
const formSavedId = uuidv7();

/** One change of each kind, in this order. The compiler misses a kind that has no entry. */
const send: Record<CommandKind, () => Promise<void>> = {
  async CreateDialog() {
    const transmissions = [
      { id: transmissionIds[0], type: 'Request', sender: { actorType: 'ServiceOwner' }, content },
      {
        ...{ id: transmissionIds[1], type: 'Submission', content },
        sender: { actorType: 'PartyRepresentative', actorId: kari },
      },
    ];
    const activities = activityTypeName.options.map((type) => ({
      ...{ type, performedBy: { actorType: 'ServiceOwner' }, extendedType: 'urn:ttd:step' },
      ...(type === 'FormSaved' && { id: formSavedId }),
      ...(type === 'TransmissionOpened' && { transmissionId: transmissionIds[0] }),
      ...(type === 'Information' && { description: [{ languageCode: 'nb', value: 'Tegninger er mottatt.' }] }),
    }));
    createdId(await ttd.createDialog(smallDialog({ id, party, ...processes, transmissions, activities })));
    // Without anything that may be left out.
    createdId(await ttd.createDialog(smallDialog({ party })));
  },
  async ApplyVisibility() {
    const visibleFrom = new Date(Date.now() + soonMs).toISOString();
    createdId(await ttd.createDialog(smallDialog({ party, visibleFrom })));
    await vi.waitFor(async () => expect(await appliedKinds()).toContain('ApplyVisibility'), waiting);
  },
  async CreateActivity() {
    const expiresAt = new Date(Date.now() + soonMs).toISOString();
    const shortLived = createdId(await ttd.createDialog(smallDialog({ party, expiresAt })));
    const activity = { type: 'DialogClosed', performedBy: { actorType: 'ServiceOwner' } };
    createdId(await ttd.createActivity(shortLived, activity));
    await delay(Date.parse(expiresAt) - Date.now());
    createdId(await ttd.createActivity(shortLived, activity));
  },
  async CreateTransmission() {
    const transmission = { type: 'Information', sender: { actorType: 'ServiceOwner' }, content };
    createdId(await ttd.createTransmission(id, transmission));
  },
  async UpdateTransmission() {
    const correction = { type: 'Alert', sender: { actorType: 'ServiceOwner' }, content };
    const path = `${dialogs}/${id}/transmissions/${transmissionIds[0]}?isSilentUpdate=true`;
    done(await ttd.send('PUT', path, correction));
  },
  async MoveFormSavedActivity() {
    const path = `${dialogs}/${id}/activities/${formSavedId}/actions/updateFormSavedActivityTime`;
    done(await ttd.send('POST', path, '2026-03-01T08:00:00Z'));
  },
  async UpdateDialog() {
    done(await ttd.send('PUT', `${dialogs}/${id}`, { status: 'InProgress', content, process: processes.process }));
  },
  async PatchDialog() {
    done(await ttd.patchDialog(id, [{ op: 'replace', path: '/status', value: 'Completed' }]));
  },
  async RecordVisit() {
    const read = await ttd.send('GET', `${dialogs}/${id}?endUserId=${kari}`);
    expect(read.status, JSON.stringify(read.body)).toBe(200);
  },
  async SetSystemLabels() {
    const path = `${dialogs}/${id}/endusercontext/systemlabels?endUserId=${kari}`;
    done(await ttd.send('PUT', path, { addLabels: ['Archive'] }));
  },
  async BulkSetSystemLabels() {
    const path = `${dialogs}/endusercontext/systemlabels/actions/bulkset?endUserId=${kari}`;
    done(await ttd.send('POST', path, { dialogs: [{ dialogId: id }], addLabels: ['Bin'] }));
  },
  async AddServiceOwnerLabel() {
    done(await ttd.send('POST', `${dialogs}/${id}/context/labels`, { value: 'case:118' }));
  },
  async RemoveServiceOwnerLabel() {
    done(await ttd.send('DELETE', `${dialogs}/${id}/context/labels/case:118`));
  },
  async DeleteDialog() {
    done(await ttd.send('DELETE', `${dialogs}/${id}`));
  },
  async RestoreDialog() {
    done(await ttd.send('POST', `${dialogs}/${id}/actions/restore`));
  },
  async FreezeDialog() {
    done(await ttd.send('POST', `${dialogs}/${id}/actions/freeze`));
  },
  async PurgeDialog() {
    done(await ttd.send('POST', `${dialogs}/${id}/actions/purge`));
  },
};
const kinds = Object.keys(send).filter((kind): kind is keyof typeof send => kind in send);

function done({ status, body }: Answer): void {
  expect(status, JSON.stringify(body)).toBe(204);
}

async function appliedKinds(): Promise<string[]> {
  const operations = await services.db
    .selectFrom('operation')
    .select('kind')
    .distinct()
    .where('status', '=', 'Applied')
    .execute();
  return operations.map(({ kind }) => kind).sort();
}

/** Whether the relay has brought everything to NATS that was committed. */
async function relayed(): Promise<boolean> {
  const rows = await services.db
    .selectFrom('outbox_cursor')
    .innerJoin('lane', 'lane.id', 'outbox_cursor.lane')
    .select(['lane.outbox_seq', 'outbox_cursor.seq'])
    .execute();
  return rows.every(({ outbox_seq, seq }) => outbox_seq === seq);
}

it('is held against a change of every kind', async () => {
  expect(await appliedKinds()).toEqual(kinds.toSorted());
});

it('describes every message that is on NATS, and nothing that never comes', async () => {
  const described = await readDescribedEvents(services.gatewayUrl);
  const seen = new Set(stored.map((message) => described.nameOf(message)));
  expect([...seen].sort()).toEqual(described.names.toSorted());
});

it('refuses what it does not describe', async () => {
  const described = await readDescribedEvents(services.gatewayUrl);
  const [message] = stored;
  if (message === undefined) throw new Error('Nothing is stored.');
  const { subject, headers, body } = message;
  const wrong: StoredMessage[] = [
    { ...message, subject: subject.replace('.created.', '.made.') },
    { ...message, subject: subject.replace('.created.', '.updated.') },
    { ...message, subject: `${subject}.more` },
    { ...message, headers: {} },
    { ...message, headers: { ...headers, more: 'more' } },
    { ...message, body: { ...Object(body), more: 'more' } },
    { ...message, body: { ...Object(body), subject: undefined } },
  ];
  expect(() => described.nameOf(message)).not.toThrow();
  for (const one of wrong) expect(() => described.nameOf(one), JSON.stringify(one)).toThrow();
});
