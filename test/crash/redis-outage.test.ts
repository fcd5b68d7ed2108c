import type { ServerHandle } from '@dialog/local/server-process';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import { openPrivateRedis } from '../constellation/private-servers.ts';
import {
  type Answer,
  createdId,
  numberedActivity,
  operationId,
  respondAsync,
  type ServiceOwner,
  smallDialog,
} from '../constellation/service-owner.ts';

let space: TestSpace;
let redis: ServerHandle;
let services: Constellation;
let worker: ServerHandle;
let ttd: ServiceOwner;
beforeAll(async () => {
  space = await openTestSpace();
  const own = await openPrivateRedis();
  redis = own.server;
  services = await openConstellation({ ...space, ...own.addresses });
  [worker] = await Promise.all([services.startWorker(), services.startGateway()]);
  ttd = await services.serviceOwner();
});
afterAll(async () => {
  await redis.start();
  await services.close();
  await redis.stop();
  await space.close();
});
beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(services.logs())));

const callers = 20;
const writesPerCaller = 15;

describe.each([
  ['killed with the queue full', () => redis.kill(), () => worker.stop()],
  ['stopped in order with the queue full', () => redis.stop(), () => worker.stop()],
  ['killed with the worker at work', () => redis.kill(), () => worker.start()],
])('rule 4, accepted is durable: Redis, %s,', (_, end, prepareWorker) => {
  it('has every command that was answered 202, each is applied once, in the order of its caller', async () => {
    const dialogIds = await Promise.all(
      Array.from({ length: callers }, async () => createdId(await ttd.createDialog(smallDialog()))),
    );
    await prepareWorker();

    let sent = 0;
    const answers = dialogIds.map(async (dialogId, caller) => {
      const told: Answer[] = [];
      for (let number = 0; number < writesPerCaller; number += 1) {
        told.push(await ttd.createActivity(dialogId, numberedActivity(caller, number), respondAsync));
        sent += 1;
        // Who was refused comes again when the server says so; here, as soon as it can be accepted.
        if (told.at(-1)?.status === 503) await vi.waitFor(writable, 20_000);
      }
      return told;
    });
    await vi.waitFor(() => expect(sent).toBeGreaterThan((callers * writesPerCaller) / 2), {
      timeout: 20_000,
      interval: 1,
    });
    await end();
    await redis.start();
    const told = await Promise.all(answers);
    for (const { status } of told.flat()) expect([202, 503]).toContain(status);

    await worker.start();
    const accepted = told.flat().filter(({ status }) => status === 202);
    for (const ended of await services.ended(accepted)) expect(ended.status).toBe('Applied');
    for (const [caller, dialogId] of dialogIds.entries()) {
      const applied = await appliedTo(dialogId, caller);
      // Neither repeated nor overtaken.
      expect(applied).toEqual([...new Set(applied)].toSorted((a, b) => a - b));
      // One that Redis went away with may have been applied, although its caller could not be told so.
      const promised = (told[caller] ?? []).flatMap(({ status }, number) => (status === 202 ? number : []));
      expect(promised.filter((number) => !applied.includes(number))).toEqual([]);
    }
  });
});

async function writable(): Promise<void> {
  const response = await fetch(`${services.gatewayUrl}/health`);
  expect(await response.json()).toMatchObject({
    checks: expect.arrayContaining([expect.objectContaining({ name: 'lanes', state: 'Healthy' })]),
  });
}

async function appliedTo(dialogId: string, caller: number): Promise<number[]> {
  const rows = await services.db
    .selectFrom('dialog_activity')
    .select('extended_type')
    .where('dialog_id', '=', dialogId)
    .orderBy('created_at')
    .execute();
  const prefix = `urn:test:${caller}:`;
  return rows.map(({ extended_type }) => Number(extended_type?.slice(prefix.length)));
}

describe('rule 10, degrade, do not fail: without Redis', () => {
  it('reads work, writes are refused at once with 503, and both work again when it is back', async () => {
    const dialogId = createdId(await ttd.createDialog(smallDialog()));
    const done = await ttd.createActivity(dialogId, numberedActivity('a', 0), respondAsync);
    await ttd.ended(done);
    await redis.kill();

    expect((await ttd.getDialog(dialogId)).status).toBe(200);
    expect(await ttd.getOperation(operationId(done))).toMatchObject({ status: 200, body: { status: 'Applied' } });
    for (const headers of [{}, respondAsync, { Prefer: 'wait=20' }]) {
      const startedAt = performance.now();
      const refused = await ttd.createActivity(dialogId, numberedActivity('a', 1), headers);
      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(performance.now() - startedAt).toBeLessThan(3_000);
    }
    expect((await fetch(`${services.gatewayUrl}/health/readiness`)).status).toBe(200);
    const toldAt = performance.now();
    await worker.stop();
    expect(performance.now() - toldAt).toBeLessThan(10_000);

    await redis.start();
    await worker.start();
    await vi.waitFor(writable, 20_000);
    expect((await ttd.createActivity(dialogId, numberedActivity('a', 2), { Prefer: 'wait=20' })).status).toBe(201);
    expect(await appliedTo(dialogId, 0)).toHaveLength(2);
  });
});
