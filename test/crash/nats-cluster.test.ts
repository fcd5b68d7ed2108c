import { setTimeout as delay } from 'node:timers/promises';
import { type EventSubscription, subscribe } from '@dialog/client/subscribe';
import { eventStream } from '@dialog/events/stream';
import type { NatsCluster } from '@dialog/local/nats-cluster';
import type { ServerHandle } from '@dialog/local/server-process';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Constellation, openConstellation } from '../constellation/constellation.ts';
import { openPrivateNatsCluster } from '../constellation/private-servers.ts';
import {
  createdId,
  numberedActivity,
  type ServiceOwner,
  serviceOwner,
  smallDialog,
} from '../constellation/service-owner.ts';
import { openStoredEvents, type StoredEvents } from '../constellation/stored-events.ts';

const dialogs = 5;

let space: TestSpace;
let cluster: NatsCluster;
let services: Constellation;
/** One system that talks to two gateways. */
let owners: [ServiceOwner, ServiceOwner];
let gateways: ServerHandle[];
let events: StoredEvents;
beforeAll(async () => {
  space = await openTestSpace();
  const own = await openPrivateNatsCluster(3);
  cluster = own.cluster;
  services = await openConstellation({ ...space, ...own.addresses });
  // Each at another server first, and all know all of them.
  const from = (first: number) => {
    const urls = cluster.nodes.map(({ url }) => url);
    return { NATS_URL: [...urls.slice(first), ...urls.slice(0, first)].join(',') };
  };
  const relaySettings = { EVENT_STREAM_REPLICAS: '3', SUBSCRIBER_ACK_WAIT_MS: '2000' };
  const [gateway, other] = await Promise.all([
    services.startGateway(from(0)),
    services.startFurtherGateway(from(1)),
    services.startWorker(from(2)),
    services.startRelay({ ...from(1), ...relaySettings }),
    services.startRelay({ ...from(2), ...relaySettings }),
  ]);
  gateways = [gateway, other];
  const token = await services.token({ org: 'ttd' });
  owners = [serviceOwner(gateway.url, token), serviceOwner(other.url, token)];
  events = await openStoredEvents(services.addresses);
});
afterAll(async () => {
  for (const node of cluster.nodes) await node.start();
  await events.close();
  await services.close();
  for (const node of cluster.nodes) await node.stop();
  await space.close();
});
beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(services.logs())));

/** Outcomes that a gateway had to poll for, because no reply came. */
async function repliesLost(): Promise<number> {
  const counts = gateways.map(async ({ url }) => {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    return Number(/^dialog_lane_replies_lost_total(?:{[^}]*})? (\d+)$/m.exec(metrics)?.[1]);
  });
  return (await Promise.all(counts)).reduce((total, count) => total + count, 0);
}

/** Each caller has a dialog, and sends to both gateways in turn, until it is told to stop. How many each has written. */
async function writeUntil(dialogIds: readonly string[], calm: AbortSignal): Promise<number[]> {
  return Promise.all(
    dialogIds.map(async (dialogId) => {
      let number = 0;
      for (; !calm.aborted; number += 1) {
        const owner = number % 2 === 0 ? owners[0] : owners[1];
        expect((await owner.createActivity(dialogId, numberedActivity('a', number))).status).toBe(201);
        await delay(20);
      }
      return number;
    }),
  );
}

/** What a subscriber gets of these dialogs' activities, in order, until it has `counts` of each. */
async function received(subscription: EventSubscription, dialogIds: readonly string[], counts: readonly number[]) {
  const told = new Map<string, string[]>(dialogIds.map((id) => [id, []]));
  const missing = () => dialogIds.some((id, index) => (told.get(id)?.length ?? 0) < (counts[index] ?? 0));
  for await (const { event, redelivered, ack } of subscription) {
    const data = event.data !== undefined && 'extendedActivityType' in event.data ? event.data : undefined;
    const own = told.get(event.resourceinstance);
    const type = data?.extendedActivityType ?? '';
    // What is delivered again was not confirmed in time: at least once is what is promised.
    if (own !== undefined && !(redelivered && own.includes(type))) own.push(type);
    void ack().catch(() => {});
    if (!missing()) break;
  }
  return dialogIds.map((id) => told.get(id));
}

/** Until the stream holds that many more. While it chooses a leader, nobody can tell. */
async function untilFurther(count: number): Promise<void> {
  const patiently = { timeout: 30_000, interval: 100 };
  const before = await vi.waitFor(() => events.count(), patiently);
  await vi.waitFor(async () => expect(await events.count()).toBeGreaterThan(before + count), patiently);
}

function numbered(counts: readonly number[]): string[][] {
  return counts.map((count) => Array.from({ length: count }, (_, number) => `urn:test:a:${number}`));
}

describe('a NATS cluster of three servers', () => {
  it('keeps each event on all of them, and takes replies across', async () => {
    const dialogIds = await Promise.all(
      Array.from({ length: 10 }, async (_, index) =>
        createdId(await (owners[index % 2] ?? owners[0]).createDialog(smallDialog())),
      ),
    );
    await vi.waitFor(async () => expect(await events.count()).toBe(2 * dialogIds.length), 20_000);
    const info = await events.streamInfo();
    expect(info.config.num_replicas).toBe(3);
    expect([info.cluster?.leader, ...(info.cluster?.replicas ?? []).map(({ name }) => name)].toSorted()).toEqual([
      'node-1',
      'node-2',
      'node-3',
    ]);
    // The worker is at one server, the gateways at the two others.
    expect(await repliesLost()).toBe(0);
  });

  it.each([
    ['that leads the stream', async () => (await events.streamInfo()).cluster?.leader],
    ['that does not', async () => (await events.streamInfo()).cluster?.replicas?.[0]?.name],
  ])('goes on when the one %s is killed: nothing is lost, and the order kept', async (_, choose) => {
    const dialogIds = await Promise.all(
      Array.from({ length: dialogs }, async () => createdId(await owners[0].createDialog(smallDialog()))),
    );
    const name = await choose();
    const node = cluster.nodes[Number(name?.slice('node-'.length)) - 1];
    expect(node).toBeDefined();
    const subscription = subscribe({
      ...{ url: services.gatewayUrl, token: () => services.token({ org: 'ttd' }), name: `without-${name}` },
      ...{ from: { time: new Date().toISOString() } },
      filter: { type: 'dialogporten.dialog.activity.form-saved.v1' as const },
    });
    const calm = new AbortController();
    const writing = writeUntil(dialogIds, calm.signal);
    try {
      await untilFurther(50);
      await node?.kill();
      // Without it.
      await untilFurther(100);
      await node?.start();
      await untilFurther(50);
    } finally {
      calm.abort();
    }
    const counts = await writing;
    expect(await received(subscription, dialogIds, counts)).toEqual(numbered(counts));

    const stored = (await events.all()).filter(({ audience }) => audience === 'owner').map(({ event }) => event);
    const told = dialogIds.map((id) =>
      stored.filter((event) => event.resourceinstance === id).flatMap(({ data }) => data?.extendedActivityType ?? []),
    );
    expect(told).toEqual(numbered(counts));
  });
});

describe(eventStream, () => {
  it('has caught up on all servers in the end', async () => {
    await vi.waitFor(
      async () => {
        const { cluster: raft } = await events.streamInfo();
        expect(raft?.replicas?.map(({ current, lag }) => [current, lag ?? 0])).toEqual([
          [true, 0],
          [true, 0],
        ]);
      },
      { timeout: 30_000, interval: 200 },
    );
  });
});
