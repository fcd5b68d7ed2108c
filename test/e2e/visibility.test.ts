import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import {
  createdId,
  etagOf,
  numberedActivity,
  numberedTransmission,
  type ServiceOwner,
  smallDialog,
} from '../constellation/service-owner.ts';
import { openStoredEvents, type StoredEvents } from '../constellation/stored-events.ts';

let space: TestSpace;
let services: Constellation;
let ttd: ServiceOwner;
let events: StoredEvents;
beforeAll(async () => {
  space = await openTestSpace();
  services = await openConstellation(space);
  await Promise.all([services.startAll(), services.startVisibilityWorker()]);
  ttd = await services.serviceOwner();
  events = await openStoredEvents(space);
});
afterAll(async () => {
  await events.close();
  await services.close();
  await space.close();
});
beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(services.logs())));

async function toldTo(audience: 'owner' | 'party', dialogId: string) {
  const all = await events.all();
  return all.filter((one) => one.audience === audience && one.event.resourceinstance === dialogId);
}
const typesOf = (told: Awaited<ReturnType<typeof toldTo>>) =>
  told.map(({ event }) => event.type.replace(/^dialogporten\.dialog\.(.*)\.v1$/, '$1'));

/** What the party has been told, once it begins with this. */
async function untilParty(dialogId: string, types: string[]) {
  return vi.waitFor(
    async () => {
      const told = (await toldTo('party', dialogId)).slice(0, types.length);
      expect(typesOf(told)).toEqual(types);
      return told;
    },
    { timeout: 20_000, interval: 50 },
  );
}

describe('a dialog with dates', () => {
  it('is told to its party when it becomes visible, and when it expires, and stays as it was', async () => {
    const visibleFrom = new Date(Date.now() + 4_000);
    const expiresAt = new Date(Date.now() + 6_000);
    const body = { visibleFrom, expiresAt, activities: [numberedActivity('create', 1)] };
    const dialogId = createdId(await ttd.createDialog(smallDialog(body)));
    expect((await ttd.createTransmission(dialogId, numberedTransmission(1))).status).toBe(201);
    const before = await ttd.getDialog(dialogId);

    const appeared = await untilParty(dialogId, ['created', 'activity.form-saved', 'transmission.created']);
    for (const { event } of appeared) expect(Date.parse(event.time)).toBeGreaterThanOrEqual(visibleFrom.getTime());
    const forOwner = await toldTo('owner', dialogId);
    expect(typesOf(forOwner)).toEqual(['created', 'activity.form-saved', 'updated', 'transmission.created']);
    for (const { event } of forOwner) expect(Date.parse(event.time)).toBeLessThan(visibleFrom.getTime());
    // The same events, at another time.
    const idsOfOwner = forOwner.map(({ event }) => event.id);
    expect(idsOfOwner).toEqual(expect.arrayContaining(appeared.map(({ event }) => event.id)));

    const types = ['created', 'activity.form-saved', 'transmission.created', 'expired'];
    const [last] = (await untilParty(dialogId, types)).slice(-1);
    expect(Date.parse(last?.event.time ?? '')).toBeGreaterThanOrEqual(expiresAt.getTime());
    const after = await ttd.getDialog(dialogId);
    expect(etagOf(after)).toBe(etagOf(before));
    const { updatedAt } = z.object({ updatedAt: z.string() }).parse(before.body);
    expect(after.body).toMatchObject({ updatedAt });

    const cleared = await ttd.patchDialog(dialogId, [{ op: 'replace', path: '/expiresAt', value: null }]);
    expect(cleared.status).toBe(204);
    await untilParty(dialogId, [...types, 'updated']);
  });
});
