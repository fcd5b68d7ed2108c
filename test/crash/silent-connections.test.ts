import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import { commitRequest, type HoldingProxy, openHoldingProxy } from '../constellation/holding-proxy.ts';
import {
  createdId,
  numberedActivity,
  respondAsync,
  type ServiceOwner,
  smallDialog,
} from '../constellation/service-owner.ts';

let space: TestSpace;
let gatewayToRedis: HoldingProxy;
let workerToRedis: HoldingProxy;
let workerToPostgres: HoldingProxy;
let services: Constellation;
let ttd: ServiceOwner;
let dialogId: string;
beforeAll(async () => {
  space = await openTestSpace();
  [gatewayToRedis, workerToRedis, workerToPostgres] = await Promise.all([
    openHoldingProxy(space.redisUrl),
    openHoldingProxy(space.redisUrl),
    openHoldingProxy(space.databaseUrl),
  ]);
  services = await openConstellation(space, { laneCount: 1 });
  await Promise.all([
    services.startGateway({ REDIS_URL: gatewayToRedis.url }),
    services.startWorker({
      REDIS_URL: workerToRedis.url,
      DATABASE_URL: workerToPostgres.url,
      STATEMENT_TIMEOUT_MS: '1000',
    }),
  ]);
  ttd = await services.serviceOwner();
});
afterAll(async () => {
  await services.close();
  await Promise.all([gatewayToRedis, workerToRedis, workerToPostgres].map((proxy) => proxy.close()));
  await space.close();
});
beforeEach(async ({ onTestFailed }) => {
  onTestFailed(() => console.error(services.logs()));
  dialogId = createdId(await ttd.createDialog(smallDialog()));
});

async function write(number: number) {
  const answer = await ttd.createActivity(dialogId, numberedActivity('a', number), respondAsync);
  expect(answer.status).toBe(202);
  return answer;
}

async function expectActivities(count: number): Promise<void> {
  expect((await ttd.getDialog(dialogId)).body).toMatchObject({
    activities: Array.from({ length: count }, (_, number) => ({ extendedType: `urn:test:a:${number}` })),
  });
}

// A machine that loses its power, or a network that is cut, ends connections without telling anybody.
describe('rule 10, each recovers alone: a connection that is silently gone', () => {
  it('from the worker to Postgres, in the middle of a transaction: the lane is free again soon, in order', async () => {
    const held = workerToPostgres.hold(commitRequest, { silent: true });
    const first = await write(0);
    await held;
    for (const { status } of await services.ended([first, await write(1)], 20_000)) expect(status).toBe('Applied');
    await expectActivities(2);
  });

  it('from the worker to Redis: it connects again and goes on', async () => {
    workerToRedis.silence();
    for (const { status } of await services.ended([await write(0)], 20_000)) expect(status).toBe('Applied');
    await expectActivities(1);
  });

  it('from the gateway to Redis: it connects again and goes on', async () => {
    gatewayToRedis.silence();
    const answer = await vi.waitFor(() => write(0), { timeout: 20_000, interval: 100 });
    for (const { status } of await services.ended([answer], 20_000)) expect(status).toBe('Applied');
  });
});
