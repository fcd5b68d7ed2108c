import type { ServerHandle } from '@dialog/local/server-process';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import { openPrivateNats } from '../constellation/private-servers.ts';
import {
  createdId,
  numberedActivity,
  respondAsync,
  type ServiceOwner,
  smallDialog,
} from '../constellation/service-owner.ts';
import { openStoredEvents, type StoredEvents } from '../constellation/stored-events.ts';

let space: TestSpace;
let nats: ServerHandle;
let services: Constellation;
let ttd: ServiceOwner;
let events: StoredEvents;
beforeAll(async () => {
  space = await openTestSpace();
  const own = await openPrivateNats();
  nats = own.server;
  services = await openConstellation({ ...space, ...own.addresses });
  await services.startAll();
  ttd = await services.serviceOwner();
  events = await openStoredEvents(services.addresses);
});
afterAll(async () => {
  await nats.start();
  await events.close();
  await services.close();
  await nats.stop();
  await space.close();
});
beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(services.logs())));

const dialogs = 5;
const writesPerDialog = 12;

describe.each([
  ['stopped in order', () => nats.stop()],
  ['killed', () => nats.kill()],
])('rule 10, degrade, do not fail: NATS %s', (_, end) => {
  it('writes go on, waited ones too; the events come later, in order, each once', async () => {
    const dialogIds = await Promise.all(
      Array.from({ length: dialogs }, async () => createdId(await ttd.createDialog(smallDialog()))),
    );
    const write = async (dialogId: string, number: number) => {
      const answer = await ttd.createActivity(
        dialogId,
        numberedActivity('n', number),
        number % 2 === 0 ? {} : respondAsync,
      );
      expect(answer.status).toBe(number % 2 === 0 ? 201 : 202);
      return answer;
    };
    const writing = dialogIds.map(async (dialogId) => {
      for (let number = 0; number < writesPerDialog / 2; number += 1) await write(dialogId, number);
    });
    // While it goes away, and while it is gone.
    await end();
    await Promise.all(writing);
    await Promise.all(
      dialogIds.map(async (dialogId) => {
        const startedAt = performance.now();
        for (let number = writesPerDialog / 2; number < writesPerDialog; number += 1) await write(dialogId, number);
        expect(performance.now() - startedAt).toBeLessThan(10_000);
      }),
    );
    expect((await fetch(`${services.gatewayUrl}/health/readiness`)).status).toBe(200);

    await nats.start();
    for (const dialogId of dialogIds) {
      const expected = Array.from({ length: writesPerDialog }, (_unused, number) => `urn:test:n:${number}`);
      const told = await vi.waitFor(
        async () => {
          const owned = (await events.all()).filter(
            ({ audience, event }) => audience === 'owner' && event.resourceinstance === dialogId,
          );
          expect(owned.length).toBeGreaterThanOrEqual(1 + 2 * writesPerDialog);
          return owned;
        },
        { timeout: 30_000, interval: 200 },
      );
      // The creation; then for each activity that the dialog was updated, and the activity.
      expect(told).toHaveLength(1 + 2 * writesPerDialog);
      expect(told.flatMap(({ event }) => event.data?.extendedActivityType ?? [])).toEqual(expected);
    }
  });
});
