import { readFileSync } from 'node:fs';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventStream, subscriberDomain } from './nats-accounts.ts';
import type { NatsUser } from './nats-users.ts';
import { ensureSubscription } from './subscription.ts';
import { openTestSpace, type TestSpace } from './testing.ts';

const ofTtd = 'dialogporten.events.v1.owner.ttd.resource.created.1';
const ofNav = 'dialogporten.events.v1.owner.nav.resource.created.2';

let space: TestSpace;
const open: NatsConnection[] = [];

beforeAll(async () => {
  space = await openTestSpace();
});
afterAll(async () => {
  await Promise.all(open.map((connection) => connection.close()));
  await space.close();
});

async function as(user: NatsUser, natsSpace = space): Promise<NatsConnection> {
  const authenticator = credsAuthenticator(readFileSync(natsSpace.natsCreds[user]));
  const connection = await connect({ servers: natsSpace.natsUrl, authenticator });
  open.push(connection);
  return connection;
}

/** The server's complaint about a publish, or undefined when it let it pass. */
async function publishDenied(connection: NatsConnection, subject: string): Promise<string | undefined> {
  const status = connection.status()[Symbol.asyncIterator]();
  connection.publish(subject, '{}');
  await connection.flush();
  // A refusal is sent before the answer to the flush, so that one is here already if there is one.
  const next = await Promise.race([status.next(), connection.flush().then(() => undefined)]);
  return next?.value.type === 'error' ? next.value.error.message : undefined;
}

describe('the NATS server', () => {
  it('lets nobody in without creds', async () => {
    await expect(connect({ servers: space.natsUrl, reconnect: false })).rejects.toThrow(/authorization/i);
  });

  it('keeps test spaces apart', async () => {
    const other = await openTestSpace();
    const [here, there] = [await as('admin'), await as('admin', other)];
    const received: string[] = [];
    here.subscribe('>', { callback: (_err, message) => void received.push(message.subject) });
    await here.flush();
    there.publish('there');
    await there.flush();
    here.publish('here');
    await expect.poll(() => received).toEqual(['here']);
    await there.close();
    await other.close();
  });
});

describe('the rights of the services', () => {
  it.each<[NatsUser, string]>([
    ['dialogWorker', 'dialogporten.replies.gateway-1'],
    ['dialogWorker', 'dialogporten.outbox.3'],
    ['eventRelay', ofTtd],
    ['eventRelay', `$JS.API.STREAM.CREATE.${eventStream}`],
  ])('let %s publish %s', async (user, subject) => {
    expect(await publishDenied(await as(user), subject)).toBeUndefined();
  });

  it.each<[NatsUser, string]>([
    ['gateway', 'dialogporten.replies.gateway-1'],
    ['gateway', ofTtd],
    ['dialogWorker', ofTtd],
    ['dialogWorker', `$JS.API.STREAM.DELETE.${eventStream}`],
    ['eventRelay', 'dialogporten.replies.gateway-1'],
    ['eventRelay', `$JS.API.STREAM.DELETE.${eventStream}`],
    ['eventRelay', `$JS.API.STREAM.PURGE.${eventStream}`],
  ])('do not let %s publish %s', async (user, subject) => {
    expect(await publishDenied(await as(user), subject)).toMatch(/permissions violation/i);
  });

  it('let the gateway hear replies and the events of parties, and no others', async () => {
    const gateway = await as('gateway');
    const worker = await as('dialogWorker');
    const replies = gateway.subscribe('dialogporten.replies.gateway-1', { max: 1 });
    await gateway.flush();
    worker.publish('dialogporten.replies.gateway-1', 'outcome');
    for await (const reply of replies) expect(reply.string()).toBe('outcome');

    const relay = await as('eventRelay');
    const ofParties = gateway.subscribe('dialogporten.events.v1.party.*.*.*.*.1', { max: 1 });
    await gateway.flush();
    relay.publish('dialogporten.events.v1.party.0f.ttd.resource.created.1', 'event');
    for await (const event of ofParties) expect(event.string()).toBe('event');

    for (const subject of ['dialogporten.events.v1.>', 'dialogporten.events.v1.owner.>']) {
      const denied = new Promise((resolve) => {
        gateway.subscribe(subject, { callback: (err) => resolve(err?.message) });
      });
      expect(await denied).toMatch(/permissions violation/i);
    }
  });
});

describe('a subscriber', () => {
  let admin: NatsConnection;
  let subscriber: NatsConnection;

  beforeEach(async () => {
    admin = await as('admin');
    subscriber = await as('subscriber');
    const manager = await jetstreamManager(admin);
    await manager.streams.add({ name: eventStream, subjects: ['dialogporten.events.v1.>'] });
    await manager.streams.purge(eventStream);
    await ensureSubscription(space.natsUrl, space.natsCreds.admin);
  });

  async function storedCount(): Promise<number> {
    const manager = await jetstreamManager(admin);
    return (await manager.streams.info(eventStream)).state.messages;
  }

  it('gets the events of its own org through its durable consumer, and no others', async () => {
    const js = jetstream(admin);
    for (const subject of [ofNav, ofTtd, ofNav]) await js.publish(subject, '{}');
    const consumer = await jetstream(subscriber, { domain: subscriberDomain }).consumers.get(eventStream, 'ttd');
    const messages = await consumer.fetch({ max_messages: 3, expires: 1_000 });
    const subjects: string[] = [];
    for await (const message of messages) {
      subjects.push(message.subject);
      expect(await message.ackAck()).toBe(true);
    }
    expect(subjects).toEqual([ofTtd]);
    expect((await consumer.info()).num_ack_pending).toBe(0);
  });

  it("cannot use another org's consumer", async () => {
    const manager = await jetstreamManager(admin);
    await manager.consumers.add(eventStream, {
      durable_name: 'nav',
      filter_subject: 'dialogporten.events.v1.owner.nav.>',
    });
    const js = jetstream(subscriber, { domain: subscriberDomain });
    await expect(js.consumers.get(eventStream, 'nav')).rejects.toThrow();
    for (const prefix of ['$JS.API', `$JS.${subscriberDomain}.API`]) {
      const asked = subscriber.request(`${prefix}.CONSUMER.MSG.NEXT.${eventStream}.nav`, '', { timeout: 500 });
      await expect(asked).rejects.toThrow();
    }
  });

  it('reaches nothing but its consumer: no stream, no service, no one else', async () => {
    const heard: string[] = [];
    admin.subscribe('>', { callback: (_err, message) => void heard.push(message.subject) });
    await admin.flush();
    for (const subject of [ofTtd, 'dialogporten.replies.gateway-1', `$JS.API.STREAM.DELETE.${eventStream}`]) {
      subscriber.publish(subject, '');
    }
    await subscriber.flush();
    admin.publish('last');
    await expect.poll(() => heard).toContain('last');
    expect(heard).toEqual(['last']);
    expect(await storedCount()).toBe(0);
  });

  it('cannot have an answer delivered to a command of JetStream', async () => {
    const api = `$JS.${subscriberDomain}.API.CONSUMER`;
    const commands = ['PURGE', 'DELETE'].map((verb) => `$JS.API.STREAM.${verb}.${eventStream}`);
    for (const [index, reply] of commands.entries()) {
      await jetstream(admin).publish(ofTtd, '{}');
      for (const body of ['', '{"batch":1,"no_wait":true}', '{"batch":1,"expires":1000000}']) {
        subscriber.publish(`${api}.MSG.NEXT.${eventStream}.ttd`, body, { reply });
        subscriber.publish(`${api}.INFO.${eventStream}.ttd`, '', { reply });
      }
      // Answered after all of the above have been: the server takes one client's requests in order.
      await subscriber.request(`${api}.INFO.${eventStream}.ttd`);
      expect(await storedCount()).toBe(index + 1);
    }
  });
});
