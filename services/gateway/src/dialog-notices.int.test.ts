import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  activityCreated,
  changeOf,
  created,
  deleted,
  expired,
  idOf,
  restored,
  seen,
  transmissionCreated,
  updated,
} from '@dialog/events/testing/changes';
import { openNats } from '@dialog/lanes/open-nats';
import { type NatsHandle, openNats as startNats } from '@dialog/local/nats';
import { createLogger } from '@dialog/telemetry/logger';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type DialogNotice, openDialogNotices } from './dialog-notices.ts';
import { openEventPublisher } from './testing/event-publisher.ts';

const log = createLogger('gateway', 'silent');
const [mine, other] = [idOf(0, 1), idOf(0, 2)];
const all = [created, updated, deleted, restored, seen, expired, transmissionCreated, activityCreated];

// A server of this file alone: it is killed.
let dataDir: string;
let server: NatsHandle;
let nats: ReturnType<typeof openNats>;
beforeAll(async () => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'notices-'));
  server = await startNats({ dataDir, durability: 'durable' });
  nats = openNats({ servers: server.url, name: 'gateway', credsFile: server.creds.gateway, log });
  await nats.whenConnected();
});
afterAll(async () => {
  await nats.close();
  await server.stop();
  rmSync(dataDir, { recursive: true });
});

/** Everybody who watches, and what they are told. */
function watcher() {
  const told: DialogNotice[] = [];
  return { told, notice: (notice: DialogNotice) => void told.push(notice), missed: vi.fn() };
}

async function publish(...changes: ReturnType<typeof changeOf>[]): Promise<void> {
  const publisher = await openEventPublisher(server.url, server.creds);
  for (const change of changes) await publisher.publish(change);
  await publisher.close();
}

const kindsOf = (told: readonly DialogNotice[]) => told.map(({ type }) => type.split('.')[2]);

describe('notices of a dialog', () => {
  it('come to all who watch it, of what a reader would see, until they leave', async () => {
    const notices = openDialogNotices({ nats, log });
    const [first, second, elsewhere] = [watcher(), watcher(), watcher()];
    const leaveFirst = await notices.watch(mine, first);
    await notices.watch(mine, second);
    await notices.watch(other, elsewhere);
    const change = changeOf(all);
    await publish(change);
    await vi.waitFor(() => expect(second.told).toHaveLength(5));
    expect(kindsOf(second.told)).toEqual(['created', 'updated', 'deleted', 'restored', 'expired']);
    expect(second.told[0]).toEqual({ id: created.id, type: 'dialogporten.dialog.created.v1', time: change.occurredAt });
    expect(first.told).toEqual(second.told);
    expect(elsewhere.told).toEqual([]);

    leaveFirst?.();
    await publish(changeOf([updated]));
    await vi.waitFor(() => expect(second.told).toHaveLength(6));
    expect(first.told).toHaveLength(5);
  });

  it('are not for what is none of the party’s business', async () => {
    const notices = openDialogNotices({ nats, log });
    const watching = watcher();
    await notices.watch(mine, watching);
    await publish(changeOf([{ ...deleted, audiences: ['owner'] }]), changeOf([updated]));
    await vi.waitFor(() => expect(kindsOf(watching.told)).toEqual(['updated']));
  });

  it('cost one subscription for a dialog, while anybody watches it', async () => {
    const subscribed = vi.spyOn(nats, 'subscribe');
    const notices = openDialogNotices({ nats, log });
    const leave = [await notices.watch(mine, watcher()), await notices.watch(mine, watcher())];
    expect(subscribed).toHaveBeenCalledOnce();
    const filter = subscribed.mock.calls[0]?.[0] ?? '';
    for (const one of leave) one?.();
    const again = watcher();
    await notices.watch(mine, again);
    expect(subscribed.mock.calls.map(([subject]) => subject)).toEqual([filter, filter]);
    await publish(changeOf([updated]));
    await vi.waitFor(() => expect(again.told).toHaveLength(1));
    subscribed.mockRestore();
  });

  it('are not to be had while NATS is away; those who watch hear when it is back, and what comes then', async () => {
    const notices = openDialogNotices({ nats, log });
    const watching = watcher();
    await notices.watch(mine, watching);
    await server.kill();
    await vi.waitFor(() => expect(nats.isConnected()).toBe(false));
    const late = watcher();
    expect(await notices.watch(mine, late)).toBeUndefined();
    expect(watching.missed).not.toHaveBeenCalled();

    await server.start();
    await vi.waitFor(() => expect(watching.missed).toHaveBeenCalledOnce(), { timeout: 10_000 });
    expect(await notices.watch(mine, late)).toBeDefined();
    await publish(changeOf([updated]));
    await vi.waitFor(() => expect([watching, late].map(({ told }) => told.length)).toEqual([1, 1]));
    expect(late.missed).not.toHaveBeenCalled();
  });
});
