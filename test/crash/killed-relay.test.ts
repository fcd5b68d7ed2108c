import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { dialogChange } from '@dialog/contracts/dialog-event';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import { type HoldingProxy, openHoldingProxy, publishDone, publishRequest } from '../constellation/holding-proxy.ts';
import { openOwnLanes, patchCommand } from '../constellation/lanes.ts';
import { createdId, numberedActivity, type ServiceOwner, smallDialog } from '../constellation/service-owner.ts';
import { openStoredEvents, type StoredEvents } from '../constellation/stored-events.ts';

let space: TestSpace;
let services: Constellation;
let proxy: HoldingProxy;
let ttd: ServiceOwner;
let events: StoredEvents;
beforeAll(async () => {
  space = await openTestSpace();
  proxy = await openHoldingProxy(space.natsUrl);
  services = await openConstellation(space);
  await Promise.all([services.startGateway(), services.startWorker()]);
  ttd = await services.serviceOwner();
  events = await openStoredEvents(space);
});
afterAll(async () => {
  await events.close();
  await services.close();
  await proxy.close();
  await space.close();
});
beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(services.logs())));

/** What the stream must hold in the end, by what was committed: message ids, by dialog and audience, in order. */
async function committed(): Promise<Map<string, string[]>> {
  const rows = await services.db.selectFrom('outbox').select('change').orderBy('lane').orderBy('seq').execute();
  const messages = rows
    .map(({ change }) => dialogChange.parse(JSON.parse(change)))
    .flatMap(({ dialogId, events: own }) =>
      own.flatMap(({ id, audiences }) =>
        audiences.map((audience) => ({ dialogId, audience, id: `${id}.${audience}` })),
      ),
    );
  return grouped(messages);
}

async function stored(): Promise<Map<string, string[]>> {
  const all = await events.all();
  return grouped(
    all.map(({ event, audience, messageId }) => ({ dialogId: event.resourceinstance, audience, id: messageId })),
  );
}

function grouped(messages: { dialogId: string; audience: string; id: string }[]): Map<string, string[]> {
  const byDialog = Map.groupBy(messages, ({ dialogId, audience }) => `${dialogId} ${audience}`);
  return new Map([...byDialog].map(([key, own]) => [key, own.map(({ id }) => id)]));
}

async function expectEachOnceInOrder(): Promise<void> {
  const expected = await committed();
  const count = [...expected.values()].flat().length;
  await vi.waitFor(async () => expect(await events.count()).toBeGreaterThanOrEqual(count), {
    timeout: 30_000,
    interval: 100,
  });
  // Nothing of a dialog comes behind what is expected of it: the cursors have passed all that there is.
  await vi.waitFor(
    async () => {
      const behind = await services.db
        .selectFrom('lane')
        .innerJoin('outbox_cursor', 'outbox_cursor.lane', 'lane.id')
        .whereRef('outbox_cursor.seq', '<', 'lane.outbox_seq')
        .select('lane.id')
        .execute();
      expect(behind).toEqual([]);
    },
    { timeout: 30_000, interval: 100 },
  );
  expect(await stored()).toEqual(expected);
}

describe('rule 10, the event relay', () => {
  it.each([
    ['before JetStream gets its events', publishRequest, 0],
    // Two events for two audiences.
    ['after JetStream has stored them and before it knows', publishDone, 4],
  ])('killed %s: each is in the stream once, in order', async (_, moment, stored) => {
    const relay = await services.startRelay({ NATS_URL: proxy.url });
    const dialogId = createdId(await ttd.createDialog(smallDialog()));
    for (let kills = 0; kills < 2; kills += 1) {
      await expectEachOnceInOrder();
      const before = await events.count();
      const held = proxy.hold(moment);
      expect((await ttd.createActivity(dialogId, numberedActivity('a', kills))).status).toBe(201);
      await held;
      await vi.waitFor(async () => expect(await events.count()).toBe(before + stored), 5_000);
      await relay.kill();
      await relay.start();
    }
    await expectEachOnceInOrder();
    await relay.kill();
  });

  it('killed again and again at random moments: each event is in the stream once, in order', async () => {
    // Two of them: one takes over from the other.
    const relays = await Promise.all([services.startRelay(), services.startRelay({ RELAY_BATCH_ROWS_MAX: '5' })]);
    const dialogIds = await Promise.all(
      Array.from({ length: 10 }, async () => createdId(await ttd.createDialog(smallDialog()))),
    );
    let writing = true;
    const killing = (async () => {
      let kills = 0;
      for (; writing || kills < 4; kills += 1) {
        const relay = relays[kills % relays.length];
        await delay(randomInt(50, 400));
        await relay?.kill();
        await relay?.start();
      }
      return kills;
    })();
    try {
      await Promise.all(
        dialogIds.map(async (dialogId, caller) => {
          for (let number = 0; number < 40; number += 1) {
            expect((await ttd.createActivity(dialogId, numberedActivity(caller, number))).status).toBe(201);
          }
        }),
      );
    } finally {
      writing = false;
    }
    expect(await killing).toBeGreaterThanOrEqual(4);
    await expectEachOnceInOrder();
    // Where they go on, the next test has no backlog.
    await Promise.all(relays.map((relay) => relay.kill()));
  });

  it('killed while new changes pass a backlog: each event is in the stream once, in order', async () => {
    const own = await openOwnLanes(services);
    const patchAll = async (dialogIds: readonly string[]) => {
      const patch = [{ op: 'add' as const, path: '/extendedStatus', value: `urn:test:${randomInt(1_000)}` }];
      await Promise.all(dialogIds.map((dialogId) => own.submit(patchCommand(dialogId, patch), { waitMs: 10_000 })));
    };
    const createSome = async (count: number) =>
      Promise.all(Array.from({ length: count }, async () => createdId(await ttd.createDialog(smallDialog()))));
    const untilBypassed = () =>
      vi.waitFor(
        async () => {
          const open = await services.db.selectFrom('outbox_bypass').select('lane').execute();
          expect(open).not.toEqual([]);
        },
        { timeout: 30_000, interval: 5 },
      );

    const dialogIds = await createSome(40);
    const settings = { RELAY_BATCH_ROWS_MAX: '2', RELAY_BYPASS_ROWS_MIN: '20', RELAY_BYPASS_NOTE_ROWS_MAX: '25' };
    const relays = await Promise.all([services.startRelay(settings), services.startRelay(settings)]);
    let killing = true;
    const writing = (async () => {
      while (killing) {
        // Of new dialogs, which are old ones by the next time, and of those that were there before.
        dialogIds.push(...(await createSome(4)));
        for (let round = 0; round < 3; round += 1) await patchAll(dialogIds.slice(-30));
      }
    })();
    try {
      for (let round = 0; round < 2; round += 1) {
        for (const relay of relays) await relay.kill();
        // Four hundred changes: each lane has several times what it needs for a bypass.
        for (let rows = 0; rows < 10; rows += 1) await patchAll(dialogIds.slice(0, 40));
        // A bypass may be closed again before both are up.
        await Promise.all([untilBypassed(), ...relays.map((relay) => relay.start())]);
        for (const relay of relays) {
          await delay(randomInt(150));
          await relay.kill();
          await relay.start();
        }
      }
      killing = false;
      await writing;
      await expectEachOnceInOrder();
    } finally {
      killing = false;
      await writing;
      for (const relay of relays) await relay.kill();
      await own.close();
    }
  });

  it('10,000 changes with the relay killed 20 times give exactly 10,000 distinct events in order per dialog', async () => {
    const own = await openOwnLanes(services);
    // Several at once: what one leaves when it is killed, another goes on with.
    const relays = await Promise.all([1, 2, 3].map(() => services.startRelay({ RELAY_BATCH_ROWS_MAX: '32' })));
    try {
      await expectEachOnceInOrder();
      const before = new Set((await events.all()).map(({ event }) => event.id));
      const dialogIds = await Promise.all(
        Array.from({ length: 50 }, async () => createdId(await ttd.createDialog(smallDialog()))),
      );
      let changes = dialogIds.length;
      const restarts: Promise<void>[] = [];
      for (let kills = 0; kills < 20; kills += 1) {
        const upTo = 500 * (kills + 1);
        const stored = await events.count();
        const writing = dialogIds.map(async (dialogId, index) => {
          for (let number = changes + index; number < upTo; number += dialogIds.length) {
            const patch = [{ op: 'add' as const, path: '/extendedStatus', value: `urn:test:${number}` }];
            await own.submit(patchCommand(dialogId, patch), { waitMs: 0 });
          }
        });
        // Somewhere in the middle of what becomes of these.
        const messages = 1 + randomInt(upTo - changes);
        await vi.waitFor(async () => expect(await events.count()).toBeGreaterThanOrEqual(stored + messages), {
          timeout: 30_000,
          interval: 5,
        });
        // One at least is at work.
        await restarts.at(-2);
        const relay = relays[kills % relays.length];
        await relay?.kill();
        restarts.push(Promise.resolve(relay?.start()));
        await Promise.all(writing);
        changes = upTo;
      }
      await Promise.all(restarts);
      await vi.waitFor(
        async () => expect([...(await committed()).values()].flat()).toHaveLength(2 * (before.size + changes)),
        { timeout: 30_000, interval: 200 },
      );
      await expectEachOnceInOrder();
      const distinct = new Set((await events.all()).map(({ event }) => event.id).filter((id) => !before.has(id)));
      expect([changes, distinct.size]).toEqual([10_000, 10_000]);
    } finally {
      for (const relay of relays) await relay.kill();
      await own.close();
    }
  });
});
