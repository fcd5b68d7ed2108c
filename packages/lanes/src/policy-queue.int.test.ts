import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { Queue } from 'bullmq';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { openRedis } from './open-redis.ts';
import { createPolicyQueueMetrics, openPolicyQueue, type PolicyQueue, workPolicyQueue } from './policy-queue.ts';

const log = pino({ level: 'silent' });
const untilOptions = { timeout: 15_000, interval: 10 };
const report = 'urn:altinn:resource:ttd-report';
const permit = 'urn:altinn:resource:ttd-permit';

let space: TestSpace;
let tests = 0;
const opened: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  space = await openTestSpace();
});
afterAll(() => space.close());
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
  tests += 1;
});

const prefix = () => `${space.redisPrefix}-${tests}`;

function redis(url = space.redisUrl) {
  const connection = openRedis({ url, name: 'test', whenAway: 'wait', log });
  opened.push(() => connection.close());
  return connection;
}

function openQueue(url?: string): PolicyQueue & { dropped: () => Promise<number | undefined> } {
  const metrics = createPolicyQueueMetrics(new Registry());
  const queue = openPolicyQueue({ redis: redis(url), prefix: prefix(), log, metrics });
  opened.push(queue.close);
  return { ...queue, dropped: async () => (await metrics.dropped.get()).values[0]?.value };
}

async function openWorker(work: (serviceResource: string) => Promise<void>, jobsAtOnceMax = 4) {
  const times = { lockMs: 1_000, lockCheckMs: 200, closeTimeoutMs: 500 };
  const worker = await workPolicyQueue({ redis: redis(), log }, { prefix: prefix(), jobsAtOnceMax, ...times }, work);
  opened.push(worker.close);
  return worker;
}

it('works each resource once, however often it is asked for while it waits', async () => {
  const queue = openQueue();
  queue.ask([report, report, permit]);
  for (let times = 0; times < 20; times += 1) queue.ask([report]);
  openQueue().ask([permit]);
  const waiting = new Queue('{authorization}', {
    connection: redis().connectionOf('{authorization}'),
    prefix: prefix(),
  });
  opened.push(() => waiting.close());
  await vi.waitFor(async () => expect(await waiting.getWaitingCount()).toBe(2), untilOptions);
  const worked: string[] = [];
  await openWorker(async (resource) => void worked.push(resource));
  await vi.waitFor(() => expect(worked.toSorted()).toEqual([permit, report]), untilOptions);
  await vi.waitFor(
    async () => expect(await waiting.getJobCounts()).toMatchObject({ active: 0, waiting: 0 }),
    untilOptions,
  );
  expect(worked).toHaveLength(2);
});

it('works a resource once more that is asked for while it is being worked on', async () => {
  const gates: PromiseWithResolvers<void>[] = [];
  await openWorker(async () => {
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    await gate.promise;
  });
  const queue = openQueue();
  queue.ask([report]);
  await vi.waitFor(() => expect(gates).toHaveLength(1), untilOptions);
  queue.ask([report]);
  queue.ask([report]);
  const looking = new Queue('{authorization}', {
    connection: redis().connectionOf('{authorization}'),
    prefix: prefix(),
  });
  opened.push(() => looking.close());
  queue.ask([permit]);
  await vi.waitFor(() => expect(gates).toHaveLength(2), untilOptions);
  for (const gate of gates) gate.resolve();
  await vi.waitFor(() => expect(gates).toHaveLength(3), untilOptions);
  gates.at(-1)?.resolve();
  await vi.waitFor(async () => {
    expect(await looking.getJobCounts()).toMatchObject({ active: 0, waiting: 0, delayed: 0 });
  }, untilOptions);
  expect(gates).toHaveLength(3);
});

it('works no more resources at a time than it is told, whatever the number of workers', async () => {
  let atWork = 0;
  let most = 0;
  let done = 0;
  const work = async () => {
    atWork += 1;
    most = Math.max(most, atWork);
    await new Promise((resolve) => setTimeout(resolve, 10));
    atWork -= 1;
    done += 1;
  };
  await openWorker(work, 3);
  await openWorker(work, 3);
  openQueue().ask(Array.from({ length: 40 }, (_, index) => `${report}-${index}`));
  await vi.waitFor(() => expect(done).toBe(40), untilOptions);
  expect(most).toBe(3);
});

it('lets nobody wait for a Redis that is away, and drops what it cannot keep', async () => {
  const queue = openQueue('redis://127.0.0.1:1');
  queue.ask([report]);
  queue.ask(Array.from({ length: 10_010 }, (_, index) => `${permit}-${index}`));
  await queue.close();
  expect(await queue.dropped()).toBeGreaterThan(10_000);
});
