import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import { createdId, type ServiceOwner, smallDialog } from '../constellation/service-owner.ts';
import { openStoredEvents, type StoredEvents } from '../constellation/stored-events.ts';

const party = 'urn:altinn:organization:identifier-no:313007103';
const serviceResource = 'urn:altinn:resource:ttd-building-permit';

let space: TestSpace;
let services: Constellation;
let events: StoredEvents;
let ttd: ServiceOwner;
let kari: string;
let regnskap: string;
beforeAll(async () => {
  space = await openTestSpace();
  services = await openConstellation(space);
  await Promise.all([services.startAll(), services.startAuthorizationWorker()]);
  events = await openStoredEvents(space);
  ttd = await services.serviceOwner();
  kari = await services.endUserToken('pid=01817030080');
  regnskap = await services.endUserToken('systemuser=5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c');
});
afterAll(async () => {
  await events.close();
  await services.close();
  await space.close();
});
beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(services.logs())));

const visit = z.object({ id: z.uuid(), isCurrentEndUser: z.boolean(), seenBy: z.object({ actorName: z.string() }) });
const dialogView = z.object({
  revision: z.uuid(),
  updatedAt: z.string(),
  contentUpdatedAt: z.string(),
  isContentSeen: z.boolean(),
  seenSinceLastUpdate: z.array(visit),
});

// The steps of one story: each goes on where the one before has ended.
describe('a dialog that end users open', () => {
  let id: string;
  let told = 0;

  async function get(token: string, path: string): Promise<unknown> {
    const url = `${services.gatewayUrl}/api/v1/enduser/dialogs${path}`;
    const answer = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
    if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
    return answer.json();
  }
  const open = async (token: string) => dialogView.parse(await get(token, `/${id}`));
  const seenLog = async () => z.array(visit).parse(await get(kari, `/${id}/seenlog`));

  async function isSeenInSearch(): Promise<boolean> {
    const page = z.object({ items: z.array(z.object({ id: z.string(), isContentSeen: z.boolean() })) });
    const { items } = page.parse(await get(kari, `?party=${party}`));
    return items.find((item) => item.id === id)?.isContentSeen ?? false;
  }

  /** What subscribers have been told since it was last asked, so many events for the service owner. */
  async function newEvents(count: number): Promise<[type: string, id: string][]> {
    const forOwner = async () => (await events.all()).filter(({ audience }) => audience === 'owner').slice(told);
    await expect.poll(async () => (await forOwner()).length, { timeout: 20_000 }).toBe(count);
    told += count;
    return (await events.all())
      .filter(({ audience }) => audience === 'owner')
      .slice(told - count)
      .map(({ event }) => [event.type.replace(/^dialogporten\.dialog\.|\.v1$/g, ''), event.id]);
  }

  it('has one visit of the first, which subscribers are told of under the id of its entry', async () => {
    id = createdId(await ttd.createDialog({ ...smallDialog(), serviceResource, party }));
    expect((await newEvents(1)).map(([type]) => type)).toEqual(['created']);
    expect(await isSeenInSearch()).toBe(false);

    const first = await open(kari);
    const [entry] = await seenLog();
    expect(first).toMatchObject({
      isContentSeen: true,
      seenSinceLastUpdate: [{ id: entry?.id, isCurrentEndUser: true }],
    });
    const [updated, seen] = await newEvents(2);
    expect([updated?.[0], seen]).toEqual(['updated', ['seen', entry?.id]]);
    const again = await open(kari);
    expect(again).toEqual(first);
    expect(await isSeenInSearch()).toBe(true);
  });

  it('has another of the second, and that is all that has happened meanwhile', async () => {
    const { seenSinceLastUpdate } = await open(regnskap);
    expect(seenSinceLastUpdate.map(({ isCurrentEndUser }) => isCurrentEndUser)).toEqual([false, true]);
    const entries = await seenLog();
    expect(entries.map(({ seenBy }) => seenBy.actorName)).toEqual(['Fisker Kari Anne', expect.any(String)]);
    expect((await newEvents(2)).map(([type]) => type)).toEqual(['updated', 'seen']);
  });

  it('is visited again after each update, and its content is unseen after one of that alone', async () => {
    const before = await open(kari);
    await ttd.createActivity(id, {
      type: 'Information',
      performedBy: { actorType: 'ServiceOwner' },
      description: text,
    });
    expect(await isSeenInSearch()).toBe(true);
    const withActivity = await open(kari);
    expect(withActivity.contentUpdatedAt).toBe(before.contentUpdatedAt);
    expect(await seenLog()).toHaveLength(3);

    await ttd.patchDialog(id, [{ op: 'replace', path: '/status', value: 'Completed' }]);
    expect(await isSeenInSearch()).toBe(false);
    const completed = await open(kari);
    expect(completed).toMatchObject({ isContentSeen: true, seenSinceLastUpdate: [{ isCurrentEndUser: true }] });
    expect(completed.updatedAt > withActivity.updatedAt).toBe(true);
    expect(await seenLog()).toHaveLength(4);
    const types = (await newEvents(7)).map(([type]) => type);
    expect(types.filter((type) => type === 'seen')).toHaveLength(2);
  });

  it('is opened once by many at once', async () => {
    await ttd.patchDialog(id, [{ op: 'replace', path: '/status', value: 'InProgress' }]);
    const opened = await Promise.all(Array.from({ length: 10 }, () => open(kari)));
    expect(new Set(opened.map(({ seenSinceLastUpdate }) => seenSinceLastUpdate[0]?.id)).size).toBe(1);
    expect(await seenLog()).toHaveLength(5);
    expect((await newEvents(3)).map(([type]) => type)).toEqual(['updated', 'updated', 'seen']);
  });
});

const text = [{ languageCode: 'nb', value: 'Vi har sett på saken.' }];
