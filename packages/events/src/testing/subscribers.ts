import { readFileSync } from 'node:fs';
import type { TestSpace } from '@dialog/local/testing';
import { connect, credsAuthenticator, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { deliveryGroup, subjectsOf } from '../subscriber-account.ts';
import { issueSubscriberCredentials } from '../subscriber-credentials.ts';

/** The users of a test's NATS, and subscribers as many as it wants. `close` closes their connections. */
export function openNatsUsers(space: TestSpace) {
  const open: NatsConnection[] = [];

  return {
    async as(user: keyof TestSpace['natsCreds']): Promise<NatsConnection> {
      const authenticator = credsAuthenticator(readFileSync(space.natsCreds[user]));
      const connection = await connect({ servers: space.natsUrl, authenticator });
      open.push(connection);
      return connection;
    },

    /** Somebody who got in for these consumers. */
    async subscriber(consumers: readonly string[], lifeMs = 60_000): Promise<NatsConnection> {
      const { account, keyFile } = space.natsSubscribers;
      const credentials = await issueSubscriberCredentials(
        { account, signingSeed: readFileSync(keyFile, 'utf8') },
        { name: 'test', consumers, expiresAt: new Date(Date.now() + lifeMs) },
      );
      const authenticator = credsAuthenticator(Buffer.from(credentials));
      const connection = await connect({ servers: space.natsUrl, authenticator, reconnect: false });
      open.push(connection);
      return connection;
    },

    async close(): Promise<void> {
      await Promise.all(open.map((connection) => connection.close()));
    },
  };
}
export type NatsUsers = ReturnType<typeof openNatsUsers>;

/** What is delivered to a subscriber from now on. */
export function deliveriesTo(connection: NatsConnection, consumer: string): Msg[] {
  const messages: Msg[] = [];
  connection.subscribe(subjectsOf(consumer).deliveries, {
    queue: deliveryGroup,
    callback: (_err, message) => void messages.push(message),
  });
  return messages;
}
