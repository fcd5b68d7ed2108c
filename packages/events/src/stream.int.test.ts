import { readFileSync } from 'node:fs';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream';
import { connect, credsAuthenticator, type NatsConnection, nanos } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { ensureEventStream, eventStream, type StreamSettings } from './stream.ts';

let space: TestSpace;
let relay: NatsConnection;
let admin: NatsConnection;

beforeAll(async () => {
  space = await openTestSpace();
  const as = (creds: string) =>
    connect({ servers: space.natsUrl, authenticator: credsAuthenticator(readFileSync(creds)) });
  [relay, admin] = await Promise.all([as(space.natsCreds.eventRelay), as(space.natsCreds.admin)]);
});
afterAll(async () => {
  await Promise.all([relay.close(), admin.close()]);
  await space.close();
});

const settings: StreamSettings = {
  replicas: 1,
  ageMaxMs: 3_600_000,
  bytesMax: 16 * 1_024 ** 2,
  duplicateWindowMs: 60_000,
};

async function streamConfig() {
  const manager = await jetstreamManager(admin);
  return (await manager.streams.info(eventStream)).config;
}

it('makes the stream once, by however many at the same time, with the rights of the relay', async () => {
  await Promise.all([ensureEventStream(relay, settings), ensureEventStream(relay, settings)]);
  await ensureEventStream(relay, settings);
  expect(await streamConfig()).toMatchObject({
    subjects: ['dialogporten.events.v1.>'],
    storage: 'file',
    retention: 'limits',
    discard: 'old',
    num_replicas: 1,
    max_age: nanos(3_600_000),
    max_bytes: 16 * 1_024 ** 2,
    duplicate_window: nanos(60_000),
  });
});

it('gives a stream that is there new settings, and leaves those that are not its own', async () => {
  await ensureEventStream(relay, settings);
  const manager = await jetstreamManager(admin);
  await manager.streams.update(eventStream, { description: 'ours' });
  await ensureEventStream(relay, { ...settings, ageMaxMs: 7_200_000, duplicateWindowMs: 90_000 });
  expect(await streamConfig()).toMatchObject({
    description: 'ours',
    max_age: nanos(7_200_000),
    duplicate_window: nanos(90_000),
  });
});

it('touches a stream that is as it should be no more, however often it is asked', async () => {
  await ensureEventStream(relay, settings);
  const changes: string[] = [];
  admin.subscribe(`$JS.EVENT.ADVISORY.STREAM.*.${eventStream}`, {
    callback: (_, { subject }) => void changes.push(subject),
  });
  await admin.flush();
  for (const bytesMax of [settings.bytesMax, settings.bytesMax, settings.bytesMax * 2, settings.bytesMax * 2]) {
    await ensureEventStream(relay, { ...settings, bytesMax });
  }
  await vi.waitFor(() => expect(changes).toEqual([`$JS.EVENT.ADVISORY.STREAM.UPDATED.${eventStream}`]), 5_000);
});

it('lets the oldest events go when there is no more room, and takes new ones', async () => {
  await ensureEventStream(relay, { ...settings, bytesMax: 100_000 });
  const js = jetstream(admin, { checkAPI: false });
  for (let number = 1; number <= 30; number += 1) {
    await js.publish(`dialogporten.events.v1.owner.ttd.a.b.${number}`, new Uint8Array(10_000));
  }
  const { state } = await (await jetstreamManager(admin)).streams.info(eventStream);
  expect(state).toMatchObject({ last_seq: 30, bytes: expect.toSatisfy((bytes: number) => bytes <= 100_000) });
  expect(state.first_seq).toBeGreaterThan(20);
});

it('lets events go when they are too old', async () => {
  await ensureEventStream(relay, { ...settings, ageMaxMs: 1_000, duplicateWindowMs: 1_000 });
  const js = jetstream(admin, { checkAPI: false });
  await js.publish('dialogporten.events.v1.owner.ttd.a.b.c', new Uint8Array(1));
  const manager = await jetstreamManager(admin);
  await vi.waitFor(async () => expect((await manager.streams.info(eventStream)).state.messages).toBe(0), {
    timeout: 10_000,
    interval: 50,
  });
});

it('says so when there are not as many servers as copies are wanted', async () => {
  await ensureEventStream(relay, settings);
  await expect(ensureEventStream(relay, { ...settings, replicas: 3 })).rejects.toThrow(/replicas/);
  await (await jetstreamManager(admin)).streams.delete(eventStream);
  await expect(ensureEventStream(relay, { ...settings, replicas: 3 })).rejects.toThrow(/replicas/);
  await ensureEventStream(relay, settings);
});

it('does not use a stream that loses its events in a crash', async () => {
  const manager = await jetstreamManager(admin);
  await manager.streams.delete(eventStream);
  await manager.streams.add({
    name: eventStream,
    subjects: ['dialogporten.events.v1.>'],
    storage: StorageType.Memory,
  });
  await expect(ensureEventStream(relay, settings)).rejects.toThrow(/storage/);
});
