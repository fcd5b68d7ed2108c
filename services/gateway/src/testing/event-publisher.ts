import { readFileSync } from 'node:fs';
import type { DialogChange } from '@dialog/contracts/dialog-event';
import { eventMessagesOf } from '@dialog/events/event-messages';
import type { NatsCreds } from '@dialog/local/nats-users';
import { connect, credsAuthenticator } from '@nats-io/transport-node';

/** Publishes events as the relay does, with its rights. */
export async function openEventPublisher(natsUrl: string, natsCreds: NatsCreds) {
  const authenticator = credsAuthenticator(readFileSync(natsCreds.eventRelay));
  const connection = await connect({ servers: natsUrl, authenticator });
  const settings = { publicUrl: 'https://dialogs.example', partyKeySecret: 'a secret' };
  return {
    /** Returns when the server has the change. */
    async publish(change: DialogChange): Promise<void> {
      for (const { subject, payload } of eventMessagesOf(change, settings)) connection.publish(subject, payload);
      await connection.flush();
    },
    close: () => connection.close(),
  };
}
