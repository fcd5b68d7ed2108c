import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { AckPolicy, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { eventStream } from './stream.ts';
import { confirmedOf, deliveryGroup, subjectsOf } from './subscriber-account.ts';
import { deliveriesTo, type NatsUsers, openNatsUsers } from './testing/subscribers.ts';

const ofTtd = 'dialogporten.events.v1.owner.ttd.resource.created.1';
const ofNav = 'dialogporten.events.v1.owner.nav.resource.created.2';

/** Long enough for a busy machine. */
const soon = { timeout: 10_000 };

let space: TestSpace;
let users: NatsUsers;
let admin: NatsConnection;
let manager: JetStreamManager;
let subscriber: NatsConnection;
let own: Msg[];
/** What another org has been delivered, and has not confirmed yet. */
let others: Msg[];

beforeAll(async () => {
  space = await openTestSpace();
  users = openNatsUsers(space);
  admin = await users.as('admin');
  manager = await jetstreamManager(admin);
  await manager.streams.add({ name: eventStream, subjects: ['dialogporten.events.v1.>'], allow_direct: true });
  for (const org of ['ttd', 'nav']) {
    await manager.consumers.add(eventStream, {
      durable_name: `of-${org}`,
      filter_subject: `dialogporten.events.v1.owner.${org}.>`,
      ack_policy: AckPolicy.Explicit,
      deliver_subject: subjectsOf(`of-${org}`).deliveries,
      deliver_group: deliveryGroup,
    });
  }
  others = deliveriesTo(await users.subscriber(['of-nav']), 'of-nav');
  subscriber = await users.subscriber(['of-ttd']);
  own = deliveriesTo(subscriber, 'of-ttd');
  for (const subject of [ofNav, ofTtd, ofNav]) await jetstream(admin).publish(subject, '{}');
  await vi.waitFor(() => expect([own.length, others.length]).toEqual([1, 2]));
});
afterAll(async () => {
  await users.close();
  await space.close();
});

/** Everything that a subscriber might change. */
async function everything() {
  const { num_ack_pending, delivered, ack_floor } = await manager.consumers.info(eventStream, 'of-nav');
  const { messages } = (await manager.streams.info(eventStream)).state;
  const consumers = (await manager.consumers.list(eventStream).next()).map(({ name }) => name);
  const streams = (await manager.streams.list().next()).map(({ config }) => config.name);
  return { num_ack_pending, delivered: delivered.consumer_seq, ack_floor, messages, consumers, streams };
}

/** What the server says to what a connection is not permitted. It says so before it answers the second flush. */
async function denied(connection: NatsConnection, attempt: () => void): Promise<string | undefined> {
  const status = connection.status()[Symbol.asyncIterator]();
  attempt();
  await connection.flush();
  const next = await Promise.race([status.next(), connection.flush().then(() => undefined)]);
  return next?.value.type === 'error' ? next.value.error.message : undefined;
}

describe('a subscriber', () => {
  let before: Awaited<ReturnType<typeof everything>>;
  beforeEach(async () => {
    before = await everything();
  });

  it('gets the events of its consumer and no others, and may say what it confirms', async () => {
    expect(own.map(({ subject }) => subject)).toEqual([ofTtd]);
    const confirmations: Msg[] = [];
    admin.subscribe('dialogporten.confirmations.>', { callback: (_err, message) => void confirmations.push(message) });
    await admin.flush();
    subscriber.publish(subjectsOf('of-ttd').confirmations, own[0]?.reply ?? '');
    await expect.poll(() => confirmations.length, soon).toBe(1);
    const [{ subject = '', string } = {}] = confirmations;
    expect(confirmedOf(subject, string?.call(confirmations[0]) ?? '')).toEqual({
      consumer: 'of-ttd',
      acknowledgements: [own[0]?.reply],
    });
  });

  it("cannot publish to where an event that it got is acknowledged: that is the relay's", async () => {
    const answer = own[0]?.reply ?? '';
    expect(answer).toMatch(`$JS.ACK.${eventStream}.of-ttd.`);
    expect(await denied(subscriber, () => subscriber.publish(answer, ''))).toMatch(/permissions violation/i);
    expect(await everything()).toEqual(before);
  });

  it.each([
    ofTtd,
    'dialogporten.replies.gateway-1',
    'dialogporten.subscriptions.open',
    'dialogporten.deliveries.of-ttd',
    'dialogporten.deliveries.of-nav',
    'dialogporten.confirmed.of-nav',
    'dialogporten.confirmations.of-nav',
    `$JS.API.STREAM.DELETE.${eventStream}`,
    '$JS.API.STREAM.CREATE.OTHER',
    `$JS.API.STREAM.MSG.GET.${eventStream}`,
    `$JS.API.DIRECT.GET.${eventStream}`,
    `$JS.API.DIRECT.GET.${eventStream}.${ofNav}`,
    `$JS.API.CONSUMER.CREATE.${eventStream}.mine.dialogporten.events.v1.owner.nav.>`,
    `$JS.API.CONSUMER.DURABLE.CREATE.${eventStream}.mine`,
    `$JS.API.CONSUMER.DELETE.${eventStream}.of-nav`,
    `$JS.API.CONSUMER.DELETE.${eventStream}.of-ttd`,
    `$JS.API.CONSUMER.INFO.${eventStream}.of-ttd`,
    `$JS.API.CONSUMER.MSG.NEXT.${eventStream}.of-ttd`,
    `$JS.ACK.${eventStream}.of-ttd.1.2.1.1.0`,
    `$JS.ACK.${eventStream}.of-nav.1.1.1.1.0`,
    '$SYS.REQ.USER.INFO',
    '$SYS.REQ.ACCOUNT.PING.CONNZ',
    '_INBOX.other.1',
  ])('cannot publish to %s', async (subject) => {
    expect(await denied(subscriber, () => subscriber.publish(subject, ''))).toMatch(/permissions violation/i);
    expect(await everything()).toEqual(before);
  });

  it.each([
    '>',
    '*',
    'dialogporten.>',
    'dialogporten.events.v1.>',
    'dialogporten.deliveries.>',
    'dialogporten.deliveries.*',
    'dialogporten.deliveries.of-nav',
    'dialogporten.confirmations.of-ttd',
    'dialogporten.confirmations.*',
    'dialogporten.confirmed.of-nav',
    '_INBOX.>',
    '$JS.>',
    '$JS.ACK.>',
    '_R_.>',
    '$SYS.>',
  ])('cannot listen to %s, in a queue or by itself', async (subject) => {
    for (const options of [{}, { queue: deliveryGroup }]) {
      const attempt = () => void subscriber.subscribe(subject, options);
      expect(await denied(subscriber, attempt)).toMatch(/permissions violation/i);
    }
    expect(await everything()).toEqual(before);
  });

  // In NATS an answer goes wherever the asker says. Some of these have made a server carry out commands, or crash it.
  it.each([
    `$JS.API.STREAM.DELETE.${eventStream}`,
    `$JS.API.STREAM.PURGE.${eventStream}`,
    `$JS.API.CONSUMER.DELETE.${eventStream}.of-nav`,
    `$JS.ACK.${eventStream}.of-nav.1.1.1.1.0`,
    'dialogporten.deliveries.of-nav',
    'dialogporten.confirmations.of-nav',
    'dialogporten.confirmations.of-ttd',
    ofNav,
    '>',
    '*',
    'dialogporten.confirmations.*',
    'dialogporten.deliveries.>',
    '_R_.a.b',
  ])('gets no answer that it could have delivered to %s', async (reply) => {
    const heard: string[] = [];
    const listening = admin.subscribe('>', { callback: (_err, message) => void heard.push(message.subject) });
    await admin.flush();
    const bodies = ['', '+ACK', '+NXT', '+NXT {"batch":5}', '-NAK', own[0]?.reply ?? '', others[0]?.reply ?? ''];
    for (const body of bodies) subscriber.publish(subjectsOf('of-ttd').confirmations, body, { reply });
    await subscriber.flush();
    admin.publish('last');
    await expect.poll(() => heard, soon).toContain('last');
    listening.unsubscribe();
    // Some replies NATS refuses, and what has them.
    const sent = [subjectsOf('of-ttd').confirmations, 'last'];
    expect(heard.filter((subject) => !sent.includes(subject) && !subject.startsWith('$JS.EVENT.'))).toEqual([]);
    expect([others.length, own.length]).toEqual([2, 1]);
    expect(await everything()).toEqual(before);
  });

  it('cannot confirm what another was delivered', () => {
    const acknowledgement = others[0]?.reply ?? '';
    expect(acknowledgement).toMatch(/^\$JS\.ACK\./);
    expect(confirmedOf(subjectsOf('of-nav').confirmations, acknowledgement).acknowledgements).toEqual([
      acknowledgement,
    ]);
    expect(confirmedOf(subjectsOf('of-ttd').confirmations, acknowledgement).acknowledgements).toEqual([]);
  });

  it('without a consumer gets in, and can do nothing', async () => {
    const nobody = await users.subscriber([]);
    expect(await denied(nobody, () => void nobody.subscribe('>'))).toMatch(/permissions violation/i);
    const subject = subjectsOf('of-ttd').confirmations;
    expect(await denied(nobody, () => nobody.publish(subject))).toMatch(/permissions violation/i);
  });

  it('is put out by the server when its time is over', async () => {
    const brief = await users.subscriber(['of-ttd'], 2_000);
    await brief.flush();
    expect(await brief.closed()).toMatchObject({ message: expect.stringMatching(/expired/i) });
  });
});

describe('whoever has the signing key', () => {
  it('can make users of the rights of subscribers, and no others', async () => {
    const before = await everything();
    for (const consumer of ['*', '>']) {
      const thief = await users.subscriber([consumer]);
      for (const subject of [
        ofTtd,
        `$JS.API.STREAM.DELETE.${eventStream}`,
        'dialogporten.deliveries.of-nav',
        '$SYS.>',
      ]) {
        expect(await denied(thief, () => thief.publish(subject, ''))).toMatch(/permissions violation/i);
      }
      for (const subject of ['>', 'dialogporten.events.>', 'dialogporten.replies.>', '$SYS.>', '$JS.>']) {
        expect(await denied(thief, () => void thief.subscribe(subject))).toMatch(/permissions violation/i);
      }
    }
    expect(await everything()).toEqual(before);
  });
});
