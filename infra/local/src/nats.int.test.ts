import { readFileSync } from 'node:fs';
import path from 'node:path';
import { issueSubscriberCredentials } from '@dialog/events/subscriber-credentials';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { addAccounts, issueCreds } from './nats-accounts.ts';
import { type NatsUser, writeSubscriberSigning } from './nats-users.ts';
import { openTestSpace, type TestSpace } from './testing.ts';

const ofTtd = 'dialogporten.events.v1.owner.ttd.resource.created.1';
const eventStream = 'DIALOG_EVENTS';

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
  return connectWith(natsSpace.natsUrl, readFileSync(natsSpace.natsCreds[user], 'utf8'));
}

async function connectWith(natsUrl: string, credentials: string): Promise<NatsConnection> {
  const authenticator = credsAuthenticator(Buffer.from(credentials));
  const connection = await connect({ servers: natsUrl, authenticator, reconnect: false });
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

describe('subscribers', () => {
  it('have so many connections together and no more, which are none of the services’', async () => {
    const { natsUrl, natsKeys, dataDir } = inject('testServers');
    const seeds = await addAccounts(natsUrl, natsKeys, { connectionsMax: 2 });
    const { account, keyFile } = writeSubscriberSigning(seeds, path.join(dataDir, 'nats/creds/limited'));
    const signer = { account, signingSeed: readFileSync(keyFile, 'utf8') };
    const access = { name: 'test', consumers: ['any'], expiresAt: new Date(Date.now() + 60_000) };
    const credentials = await issueSubscriberCredentials(signer, access);
    const enter = () => connectWith(natsUrl, credentials);
    const [first] = await Promise.all([enter(), enter()]);
    // The server says why and hangs up; a client that is still writing may only notice that.
    await expect(enter()).rejects.toThrow(/maximum account active connections|EPIPE|ECONNRESET/i);
    await connectWith(natsUrl, await issueCreds(seeds.services, 'service', {}));
    await first.close();
    await expect.poll(enter).toBeDefined();
  });
});

describe('the rights of the services', () => {
  it.each<[NatsUser, string]>([
    ['dialogWorker', 'dialogporten.replies.gateway-1'],
    ['dialogWorker', 'dialogporten.outbox.3'],
    ['eventRelay', ofTtd],
    ['eventRelay', `$JS.API.STREAM.CREATE.${eventStream}`],
    ['eventRelay', `$JS.API.CONSUMER.DELETE.${eventStream}.any`],
    ['eventRelay', 'dialogporten.inbox.gateway.1'],
    ['gateway', 'dialogporten.subscriptions.open'],
  ])('let %s publish %s', async (user, subject) => {
    expect(await publishDenied(await as(user), subject)).toBeUndefined();
  });

  it.each<[NatsUser, string]>([
    ['gateway', 'dialogporten.replies.gateway-1'],
    ['gateway', ofTtd],
    ['gateway', `$JS.API.CONSUMER.CREATE.${eventStream}.any.>`],
    ['gateway', `$JS.API.CONSUMER.INFO.${eventStream}.any`],
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

    const others = ['dialogporten.events.v1.>', 'dialogporten.events.v1.owner.>', '_INBOX.>', 'dialogporten.inbox.*.>'];
    for (const subject of others) {
      const denied = new Promise((resolve) => {
        gateway.subscribe(subject, { callback: (err) => resolve(err?.message) });
      });
      expect(await denied).toMatch(/permissions violation/i);
    }
  });
});
