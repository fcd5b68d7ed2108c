import { readFileSync } from 'node:fs';
import { AckPolicy, DeliverPolicy, jetstreamManager } from '@nats-io/jetstream';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { demoSubscriber, eventStream } from './nats-accounts.ts';

/**
 * Makes the durable consumer through which the demonstration's service owner gets the events of its dialogs, or leaves
 * it where it is. A subscriber cannot make one itself: who may make consumers may make them of anybody's events.
 *
 * The stream must exist; the event-relay makes it.
 */
export async function ensureSubscription(natsUrl: string, adminCredsFile: string): Promise<void> {
  const authenticator = credsAuthenticator(readFileSync(adminCredsFile));
  const connection = await connect({ servers: natsUrl, authenticator });
  try {
    const manager = await jetstreamManager(connection);
    await manager.consumers.add(eventStream, {
      durable_name: demoSubscriber,
      filter_subject: `dialogporten.events.v1.owner.${demoSubscriber}.>`,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
    });
  } finally {
    await connection.close();
  }
}
