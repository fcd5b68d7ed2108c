import type { EventTopic, OpenSubscription } from '@dialog/contracts/event-subscription';
import { parseTimestamp, timestampOf } from '@dialog/contracts/timestamp';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { eventStream } from './stream.ts';
import { ownerSubject, partyKeyOf, partySubject } from './subjects.ts';
import { subjectsOf } from './subscriber-account.ts';
import {
  type ConsumerSettings,
  openSubscriptionConsumers,
  type SubscriptionConsumers,
} from './subscription-consumers.ts';
import { deliveriesTo, type NatsUsers, openNatsUsers } from './testing/subscribers.ts';

const secret = 'a secret of the test, long enough';
const settings: ConsumerSettings = { consumersMax: 3, idleMsMax: 60_000, ackWaitMs: 60_000, unconfirmedMax: 100 };
const created = 'dialogporten.dialog.created.v1';
const updated = 'dialogporten.dialog.updated.v1';
const party = 'urn:altinn:organization:identifier-no:313007103';
const any = { serviceResource: null, type: null, dialogId: null };
const ofTtd: EventTopic = { audience: 'owner', org: 'ttd', ...any };
const ofParty: EventTopic = { audience: 'party', party, ...any };

/** Long enough for a busy machine. */
const soon = { timeout: 10_000 };

let space: TestSpace;
let users: NatsUsers;
let admin: NatsConnection;
let relay: NatsConnection;
let manager: JetStreamManager;
let consumers: SubscriptionConsumers;

beforeAll(async () => {
  space = await openTestSpace();
  users = openNatsUsers(space);
  admin = await users.as('admin');
  // With the rights that it has where it runs.
  relay = await users.as('eventRelay');
  manager = await jetstreamManager(admin);
  consumers = openSubscriptionConsumers(relay, secret, settings);
});
afterAll(async () => {
  await users.close();
  await space.close();
});
beforeEach(async () => {
  await manager.streams.delete(eventStream).catch(() => {});
  await manager.streams.add({ name: eventStream, subjects: ['dialogporten.events.v1.>'] });
});

async function open(changed: Partial<OpenSubscription> = {}): Promise<string[]> {
  const opened = await consumers.open({ subscriber: 'ttd', name: 'sync', from: null, topics: [ofTtd], ...changed });
  if (opened === 'too-many') throw new Error('There are too many.');
  return opened.consumers;
}

async function publish(...subjects: string[]): Promise<void> {
  for (const subject of subjects) await jetstream(admin).publish(subject, subject);
}

/** What a subscriber gets that lets itself in, until it has as much as expected. */
async function received([consumer = '']: string[], count: number): Promise<string[]> {
  const connection = await users.subscriber([consumer]);
  const messages: Msg[] = deliveriesTo(connection, consumer);
  await expect.poll(() => messages.length, soon).toBeGreaterThanOrEqual(count);
  await connection.close();
  return messages.map((message) => message.string());
}

function owner(
  dialogId: string,
  type: typeof created | typeof updated = created,
  serviceResource = 'tax',
  org = 'ttd',
) {
  return ownerSubject({ org, serviceResource, type, dialogId });
}

it('begins with what comes next, or at a time or a sequence of the past', async () => {
  await publish(owner('1'), owner('2'), owner('3'));
  const third = await manager.streams.getMessage(eventStream, { seq: 3 });
  const time = parseTimestamp(third?.timestamp ?? '') ?? null;
  const next = await open({ name: 'next' });
  const bySequence = await open({ name: 'sequence', from: { sequence: 2, time: null } });
  const byTime = await open({ name: 'time', from: { time, sequence: null } });
  await publish(owner('4'));
  expect(await received(next, 1)).toEqual([owner('4')]);
  expect(await received(bySequence, 3)).toEqual([owner('2'), owner('3'), owner('4')]);
  expect(await received(byTime, 2)).toEqual([owner('3'), owner('4')]);
});

it('goes on where it was, wherever it is told to begin', async () => {
  const first = await open();
  await publish(owner('1'));
  expect(await open({ from: { sequence: 7, time: null } })).toEqual(first);
  expect(await received(first, 1)).toEqual([owner('1')]);
});

it.each<[string, EventTopic, string[]]>([
  ['an org', ofTtd, [owner('1'), owner('2', updated), owner('3', created, 'permit')]],
  ['a service', { ...ofTtd, serviceResource: 'urn:altinn:resource:permit' }, [owner('3', created, 'permit')]],
  ['a type', { ...ofTtd, type: updated }, [owner('2', updated)]],
  ['a dialog', { ...ofTtd, dialogId: '1' }, [owner('1')]],
  ['a type of a service', { ...ofTtd, serviceResource: 'urn:altinn:resource:tax', type: created }, [owner('1')]],
])('filters by %s', async (_, topic, expected) => {
  const opened = await open({ topics: [topic] });
  await publish(owner('9', created, 'tax', 'nav'), owner('1'), owner('2', updated), owner('3', created, 'permit'));
  expect(await received(opened, expected.length)).toEqual(expected);
});

it('keeps parties apart, and owners from parties', async () => {
  const topic = { org: 'ttd', serviceResource: 'tax', type: created, dialogId: '1' } as const;
  const own = partySubject(partyKeyOf(party, secret), topic);
  const opened = await open({ topics: [ofParty] });
  await publish(owner('1'), partySubject(partyKeyOf(`${party}x`, secret), topic), own);
  expect(await received(opened, 1)).toEqual([own]);
});

it('has a consumer for each topic, and one that is added begins where the subscription did', async () => {
  await publish(owner('0', created, 'permit'));
  const tax: EventTopic = { ...ofTtd, serviceResource: 'urn:altinn:resource:tax' };
  const permit: EventTopic = { ...ofTtd, serviceResource: 'urn:altinn:resource:permit' };
  const first = await open({ topics: [tax] });
  await publish(owner('1', created, 'permit'));
  const [same, added = ''] = await open({ topics: [tax, permit] });
  expect([same]).toEqual(first);
  expect(await received([added], 1)).toEqual([owner('1', created, 'permit')]);
});

it('delivers first what its last reader has left unconfirmed, and leaves alone what another reads', async () => {
  const opened = await open();
  const [consumer = ''] = opened;
  const reader = await users.subscriber(opened);
  const first = deliveriesTo(reader, consumer);
  await publish(owner('1'), owner('2'), owner('3'));
  await expect.poll(() => first.length, soon).toBe(3);
  await relay.request(first[1]?.reply ?? '', '+ACK');
  expect(await open()).toEqual(opened);
  await publish(owner('4'));
  await expect
    .poll(() => first.map((message) => message.string()), soon)
    .toEqual(['1', '2', '3', '4'].map((id) => owner(id)));

  await reader.drain();
  await publish(owner('5'));
  expect(await received(await open(), 4)).toEqual(['1', '3', '4', '5'].map((id) => owner(id)));
});

it('is delivered to its reader again when a relay was killed while it took something back', async () => {
  const opened = await open();
  const elsewhere = { deliver_subject: subjectsOf(opened[0] ?? '').undelivered };
  await manager.consumers.update(eventStream, opened[0] ?? '', elsewhere);
  await publish(owner('1'));
  expect(await received(await open(), 1)).toEqual([owner('1')]);
});

it('belongs to one subscriber: the same name of another is another subscription', async () => {
  const names = [await open(), await open({ subscriber: 'nav' }), await open({ name: 'other' })].flat();
  expect(new Set(names).size).toBe(3);
  expect(names.every((name) => /^[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{16}$/.test(name))).toBe(true);
});

it('has so many consumers per subscriber and no more, until some are removed', async () => {
  for (const name of ['a', 'b']) await open({ name });
  await open({ subscriber: 'nav' });
  const two = { name: 'c', topics: [ofTtd, ofParty] };
  const c = { subscriber: 'ttd', from: null, ...two };
  expect(await consumers.open(c)).toBe('too-many');
  expect(await consumers.remove({ subscriber: 'nav', name: 'a' })).toBe(0);
  expect(await consumers.remove({ subscriber: 'ttd', name: 'a' })).toBe(1);
  expect(await consumers.open(c)).not.toBe('too-many');
  expect((await manager.streams.info(eventStream)).state.consumer_count).toBe(4);
});

it('may be opened by many at once', async () => {
  const from = () => ({ time: timestampOf(Date.now()), sequence: null });
  const opened = await Promise.all(Array.from({ length: 8 }, () => open({ from: from() })));
  expect(new Set(opened.flat()).size).toBe(1);
});

it.each<[string, OpenSubscription['from']]>([
  ['next', null],
  ['at a sequence', { time: null, sequence: 1 }],
  ['at a time', { time: timestampOf(0), sequence: null }],
])(
  'that begins %s is forgotten when it was not opened for long, and others’ consumers are left alone',
  async (_, from) => {
    let now = Date.now();
    const timed = openSubscriptionConsumers(relay, secret, settings, () => new Date(now));
    const order = { subscriber: 'ttd', from, topics: [ofTtd] };
    await manager.consumers.add(eventStream, { durable_name: 'bench' });
    for (const name of ['left', 'kept']) await timed.open({ ...order, name });
    now += settings.idleMsMax - 1;
    await timed.open({ ...order, name: 'kept' });
    expect(await timed.removeIdle()).toBe(0);
    now += 2;
    expect(await timed.removeIdle()).toBe(1);
    expect(await consumers.remove({ subscriber: 'ttd', name: 'kept' })).toBe(1);
    expect((await manager.streams.info(eventStream)).state.consumer_count).toBe(1);
  },
);
