import { setTimeout as delay } from 'node:timers/promises';
import { dialogChange } from '@dialog/contracts/dialog-event';
import * as policyQuestions from '@dialog/database/tables/policy-questions';
import { laneOf, queueNameOf } from '@dialog/lanes/lane';
import type { RedisCluster } from '@dialog/local/redis-cluster';
import type { ServerHandle } from '@dialog/local/server-process';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { Redis } from 'ioredis';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import { openPrivateRedisCluster } from '../constellation/private-servers.ts';
import {
  type Answer,
  createdId,
  numberedActivity,
  operationId,
  respondAsync,
  type ServiceOwner,
  serviceOwner,
  smallDialog,
} from '../constellation/service-owner.ts';

const laneCount = 6;
const lanes = Array.from({ length: laneCount }, (_, lane) => lane);

let space: TestSpace;
let cluster: RedisCluster;
let services: Constellation;
let workers: ServerHandle[];
/** One system that talks to two gateways. */
let owners: [ServiceOwner, ServiceOwner];
/** The node that each lane is on, 0 to 2. */
let nodes: readonly number[];
beforeAll(async () => {
  space = await openTestSpace();
  const own = await openPrivateRedisCluster(3);
  cluster = own.cluster;
  services = await openConstellation({ ...space, ...own.addresses }, { laneCount });
  const [gateway, other, ...rest] = await Promise.all([
    services.startGateway(),
    services.startFurtherGateway(),
    services.startWorker(),
    services.startWorker(),
    services.startVisibilityWorker(),
    // No sweep: what is answered, the queue has brought.
    services.startAuthorizationWorker({ QUESTION_SWEEP_MS: '3600000' }),
  ]);
  workers = rest.slice(0, 2);
  const token = await services.token({ org: 'ttd' });
  owners = [serviceOwner(gateway.url, token), serviceOwner(other.url, token)];
  nodes = await Promise.all(lanes.map(nodeOf));
});
afterAll(async () => {
  for (const node of cluster.nodes) await node.start();
  await services.close();
  for (const node of cluster.nodes) await node.stop();
  await space.close();
});
beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(services.logs())));

async function nodeOf(lane: number): Promise<number> {
  const slot = await onNode(0, (client) => client.cluster('KEYSLOT', queueNameOf(lane)));
  return Math.floor((slot * cluster.nodes.length) / 16_384);
}

async function onNode<Result>(node: number, ask: (client: Redis) => Promise<Result>): Promise<Result> {
  const client = new Redis(cluster.nodes[node]?.url ?? '');
  try {
    return await ask(client);
  } finally {
    client.disconnect();
  }
}

/** A new dialog for each lane, in their order. */
async function dialogOnEachLane(): Promise<string[]> {
  return Promise.all(
    lanes.map(async (lane) => {
      let id = uuidv7();
      while (laneOf(id, laneCount) !== lane) id = uuidv7();
      return createdId(await owners[0].createDialog(smallDialog({ id })));
    }),
  );
}

async function appliedTo(dialogId: string): Promise<number[]> {
  const rows = await services.db
    .selectFrom('dialog_activity')
    .select('extended_type')
    .where('dialog_id', '=', dialogId)
    .orderBy('created_at')
    .execute();
  return rows.map(({ extended_type }) => Number(extended_type?.split(':').at(-1)));
}

/** Every caller has a dialog, and sends to both gateways in turn: the next when the last one has been answered. */
async function callUntil(dialogIds: readonly string[], calm: AbortSignal): Promise<Answer[][]> {
  return Promise.all(
    dialogIds.map(async (dialogId) => {
      const told: Answer[] = [];
      while (!calm.aborted) {
        const number = told.length;
        const owner = number % 2 === 0 ? owners[0] : owners[1];
        const headers = number % 5 === 0 ? {} : respondAsync;
        told.push(await owner.createActivity(dialogId, numberedActivity('a', number), headers));
        // Whoever is refused goes on with the next a little later.
        if (told.at(-1)?.status === 503) await delay(50);
      }
      return told;
    }),
  );
}

/** What was promised is there, once, in the order of its caller; what was refused may be. */
async function expectKept(dialogIds: readonly string[], told: readonly Answer[][]): Promise<void> {
  for (const { status } of told.flat()) expect([201, 202, 503]).toContain(status);
  const accepted = told.flat().filter(({ status }) => status === 202);
  for (const ended of await services.ended(accepted)) expect(ended.status).toBe('Applied');
  for (const [caller, dialogId] of dialogIds.entries()) {
    const applied = await appliedTo(dialogId);
    expect(applied).toEqual([...new Set(applied)].toSorted((a, b) => a - b));
    const promised = (told[caller] ?? []).flatMap(({ status }, number) => (status === 503 ? [] : number));
    expect(promised.filter((number) => !applied.includes(number))).toEqual([]);
  }
}

async function commandsOf(worker: ServerHandle): Promise<number> {
  const metrics = await (await fetch(`${worker.url}/metrics`)).text();
  const counts = metrics.matchAll(/^dialog_commands_total{kind="CreateActivity"[^}]*} (\d+)$/gm);
  return [...counts].reduce((total, [, count]) => total + Number(count), 0);
}

describe('lanes on a Redis Cluster of three nodes, with two gateways and two dialog-workers', () => {
  it('are spread over the nodes', () => {
    expect(new Set(nodes)).toEqual(new Set([0, 1, 2]));
  });

  it('rules 2 and 3: each command is applied once, in the order of its caller, and the workers share the work', async () => {
    const dialogIds = await dialogOnEachLane();
    const before = await Promise.all(workers.map(commandsOf));
    const calm = new AbortController();
    const calling = callUntil(dialogIds, calm.signal);
    await vi.waitFor(
      async () => {
        const done = await Promise.all(workers.map(commandsOf));
        expect(Math.min(...done.map((count, index) => count - (before[index] ?? 0)))).toBeGreaterThan(100);
      },
      { timeout: 30_000, interval: 100 },
    );
    calm.abort();
    const told = await calling;
    expect(new Set(told.flat().map(({ status }) => status))).toEqual(new Set([201, 202]));
    await expectKept(dialogIds, told);
    const shares = (await Promise.all(workers.map(commandsOf))).map((count, index) => count - (before[index] ?? 0));
    const total = shares.reduce((sum, share) => sum + share, 0);
    expect(total).toBe(told.flat().length);
    // Each envelope goes to whoever asks first.
    expect(Math.min(...shares) / total).toBeGreaterThan(0.2);
  });

  it('without one node: its lanes wait, all others go on; a worker can leave; and when it is back nothing is lost', async () => {
    const [away, dialogIds] = [nodes[0] ?? 0, await dialogOnEachLane()];
    const release = await services.holdLanes();
    const before = await Promise.all(
      dialogIds.map((dialogId) => owners[0].createActivity(dialogId, numberedActivity('a', 0), respondAsync)),
    );
    await cluster.nodes[away]?.kill();
    await release();

    const startedAt = performance.now();
    const during = await Promise.all(
      dialogIds.map((dialogId, lane) => {
        const owner = owners[lane % 2 === 0 ? 0 : 1];
        return owner.createActivity(dialogId, numberedActivity('a', 1), lane % 3 === 0 ? {} : { Prefer: 'wait=5' });
      }),
    );
    expect(during.map(({ status }) => status)).toEqual(nodes.map((node) => (node === away ? 503 : 201)));
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    const health = await (await fetch(`${services.gatewayUrl}/health`)).json();
    expect(health).toMatchObject({
      state: 'Degraded',
      checks: expect.arrayContaining([expect.objectContaining({ name: 'lanes', state: 'Degraded' })]),
    });
    const elsewhere = nodes.findIndex((node) => node !== away);
    const releaseAgain = await services.holdLanes();
    const queued = await owners[1].createActivity(dialogIds[elsewhere] ?? '', numberedActivity('a', 2), respondAsync);
    expect((await owners[0].getOperation(operationId(queued))).body).toMatchObject({ status: 'Queued' });
    await releaseAgain();
    const toldAt = performance.now();
    await workers[1]?.stop();
    expect(performance.now() - toldAt).toBeLessThan(10_000);

    await cluster.nodes[away]?.start();
    await workers[1]?.start();
    for (const { status } of await services.ended([...before, queued])) expect(status).toBe('Applied');
    await vi.waitFor(
      async () => {
        for (const [lane, owner] of [owners[0], owners[1]].flatMap((one) =>
          lanes.map((lane) => [lane, one] as const),
        )) {
          expect((await owner.createActivity(dialogIds[lane] ?? '', numberedActivity('a', 3))).status).toBe(201);
        }
      },
      { timeout: 20_000, interval: 100 },
    );
    for (const [lane, id] of dialogIds.entries()) {
      const numbers = [...new Set(await appliedTo(id))];
      expect(numbers).toEqual([0, ...(nodes[lane] === away ? [] : [1]), ...(lane === elsewhere ? [2] : []), 3]);
    }
  });

  it('rule 4: with the nodes killed one after the other, and a worker too, each 202 and 201 is kept, in order', async () => {
    const dialogIds = await dialogOnEachLane();
    const calm = new AbortController();
    const calling = callUntil(dialogIds, calm.signal);
    for (const [turn, node] of cluster.nodes.entries()) {
      const sent = await activityCount();
      await vi.waitFor(async () => expect(await activityCount()).toBeGreaterThan(sent + 30), 20_000);
      await node.kill();
      const other = turn === 1 ? workers[0] : undefined;
      await other?.kill();
      await Promise.all([node.start(), other?.start()]);
    }
    const soFar = await Promise.all(dialogIds.map(async (id) => (await appliedTo(id)).length));
    // Every lane is at work again.
    await vi.waitFor(
      async () => {
        for (const [caller, id] of dialogIds.entries()) {
          expect((await appliedTo(id)).length).toBeGreaterThan(soFar[caller] ?? 0);
        }
      },
      { timeout: 20_000, interval: 100 },
    );
    calm.abort();
    await expectKept(dialogIds, await calling);
  });

  it('alarms and policies too: a dialog that becomes visible is told of, and what it asks is answered', async () => {
    const visibleFrom = new Date(Date.now() + 1_500);
    const dialogId = createdId(await owners[0].createDialog(smallDialog({ visibleFrom })));
    await vi.waitFor(
      async () => {
        const rows = await services.db.selectFrom('outbox').select('change').execute();
        const own = rows
          .map(({ change }) => dialogChange.parse(JSON.parse(change)))
          .filter((change) => change.dialogId === dialogId);
        const told = own.flatMap(({ events }) => events).filter(({ audiences }) => audiences.includes('party'));
        expect(told.map(({ type }) => type)).toEqual(['DialogCreated']);
      },
      { timeout: 20_000, interval: 100 },
    );
    const question = { serviceResource: 'urn:altinn:resource:ttd-building-permit', action: 'read', attribute: 'main' };
    await vi.waitFor(
      async () =>
        expect(await policyQuestions.findGrants(services.db, [question], { ageMsMax: 600_000 })).toHaveLength(1),
      { timeout: 20_000, interval: 100 },
    );
  });

  it('a lane whose slot is moved to another node goes on there', async () => {
    const dialogIds = await dialogOnEachLane();
    const from = nodes[0] ?? 0;
    const to = (from + 1) % cluster.nodes.length;
    const calm = new AbortController();
    const calling = callUntil(dialogIds, calm.signal);
    const sent = await activityCount();
    await vi.waitFor(async () => expect(await activityCount()).toBeGreaterThan(sent + 30), 20_000);
    await moveSlot(0, from, to);
    const atMove = (await appliedTo(dialogIds[0] ?? '')).length;
    await vi.waitFor(async () => expect((await appliedTo(dialogIds[0] ?? '')).length).toBeGreaterThan(atMove + 5), {
      timeout: 20_000,
      interval: 100,
    });
    calm.abort();
    await expectKept(dialogIds, await calling);
  });
});

async function activityCount(): Promise<number> {
  const { count } = await services.db
    .selectFrom('dialog_activity')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** As `redis-cli --cluster reshard` does it. */
async function moveSlot(lane: number, from: number, to: number): Promise<void> {
  const [source, target] = [cluster.nodes[from]?.url ?? '', cluster.nodes[to]?.url ?? ''].map((url) => new Redis(url));
  if (source === undefined || target === undefined) throw new Error('There are no such nodes.');
  try {
    const slot = await source.cluster('KEYSLOT', queueNameOf(lane));
    const [sourceId, targetId] = [await source.cluster('MYID'), await target.cluster('MYID')];
    await target.cluster('SETSLOT', slot, 'IMPORTING', String(sourceId));
    await source.cluster('SETSLOT', slot, 'MIGRATING', String(targetId));
    const { host = '', port = 0, password = '' } = target.options;
    for (;;) {
      const keys = await source.cluster('GETKEYSINSLOT', slot, 100);
      if (keys.length === 0) break;
      await source.call('MIGRATE', host, port, '', 0, 5_000, 'AUTH', password, 'KEYS', ...keys);
    }
    for (const node of [target, source]) await node.cluster('SETSLOT', slot, 'NODE', String(targetId));
  } finally {
    source.disconnect();
    target.disconnect();
  }
}
