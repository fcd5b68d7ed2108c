import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import { openOwnLanes } from '../constellation/lanes.ts';
import {
  type Answer,
  createdId,
  numberedActivity,
  respondAsync,
  type ServiceOwner,
  smallDialog,
} from '../constellation/service-owner.ts';

const envelopesMax = 5;

let space: TestSpace;
let services: Constellation;
let own: Awaited<ReturnType<typeof openOwnLanes>>;
let ttd: ServiceOwner;
beforeAll(async () => {
  space = await openTestSpace();
  services = await openConstellation(space, { laneCount: 1 });
  await Promise.all([services.startGateway({ LANE_ENVELOPES_MAX: String(envelopesMax) }), services.startWorker()]);
  ttd = await services.serviceOwner();
  own = await openOwnLanes(services);
});
afterAll(async () => {
  await own.close();
  await services.close();
  await space.close();
});
beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(services.logs())));

it('rule 9, back-pressure: a full lane answers 503 before anything is enqueued, and loses nothing', async () => {
  const dialogId = createdId(await ttd.createDialog(smallDialog()));
  const release = await services.holdLanes();
  const answers: Answer[] = [];
  // The depth is looked at a few times a second, so the limit is passed by what comes in between.
  await vi.waitFor(
    async () => {
      answers.push(await ttd.createActivity(dialogId, numberedActivity('a', answers.length), respondAsync));
      expect(answers.at(-1)?.status).toBe(503);
    },
    { timeout: 20_000, interval: 1 },
  );
  const depth = await own.depth(0);
  expect(depth).toBeGreaterThanOrEqual(envelopesMax);

  for (const headers of [respondAsync, {}, { Prefer: 'wait=20' }]) {
    const startedAt = performance.now();
    const refused = await ttd.createActivity(dialogId, numberedActivity('a', answers.length), headers);
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    // Nobody is kept waiting to be told so.
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    answers.push(refused);
  }
  expect(await own.depth(0)).toBe(depth);
  // Who reads is not concerned.
  expect((await ttd.getDialog(dialogId)).status).toBe(200);

  await release();
  const accepted = answers.filter(({ status }) => status === 202);
  for (const { status } of await services.ended(accepted)) expect(status).toBe('Applied');
  const { body } = await ttd.getDialog(dialogId);
  expect(body).toMatchObject({ activities: accepted.map((_, number) => ({ extendedType: `urn:test:a:${number}` })) });

  // There is room again.
  await vi.waitFor(
    async () => expect((await ttd.createActivity(dialogId, numberedActivity('b', 0))).status).toBe(201),
    { timeout: 10_000, interval: 50 },
  );
});
