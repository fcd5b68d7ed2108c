import { readFileSync } from 'node:fs';
import { eventStream } from '@dialog/events/stream';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { z } from 'zod';

const cloudEvent = z.object({
  id: z.uuid(),
  type: z.string(),
  time: z.string(),
  resourceinstance: z.uuid(),
  data: z.object({ activityId: z.string(), extendedActivityType: z.string() }).partial().optional(),
});

export type StoredEvent = {
  audience: 'owner' | 'party';
  messageId: string;
  event: z.infer<typeof cloudEvent>;
};

/** So that a busy machine has time enough for each fetch. */
const messagesAtOnceMax = 1_000;

/** A message as it stands on NATS. */
export type StoredMessage = { subject: string; headers: Readonly<Record<string, string>>; body: unknown };

/** Reads the stream of events as somebody who may see all of it. */
export async function openStoredEvents({ natsUrl, natsCreds }: { natsUrl: string; natsCreds: { admin: string } }) {
  const connection = await connect({
    servers: natsUrl.split(','),
    authenticator: credsAuthenticator(readFileSync(natsCreds.admin)),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  });
  const manager = await jetstreamManager(connection, { checkAPI: false });

  return {
    /** How many messages there are: one for each event and audience. */
    async count(): Promise<number> {
      return (await manager.streams.info(eventStream)).state.messages;
    },

    /** How the stream is kept, and on which servers. */
    streamInfo: () => manager.streams.info(eventStream),

    messages,

    /** All events, in the order in which JetStream stored them. */
    async all(): Promise<StoredEvent[]> {
      return (await messages()).map(({ subject, headers, body }) => ({
        audience: subject.startsWith('dialogporten.events.v1.owner.') ? 'owner' : 'party',
        messageId: headers['Nats-Msg-Id'] ?? '',
        event: cloudEvent.parse(body),
      }));
    },

    close: () => connection.close(),
  };

  /** All messages as they are, in the same order. */
  async function messages(): Promise<StoredMessage[]> {
    const consumer = await jetstream(connection, { checkAPI: false }).consumers.get(eventStream);
    const found: StoredMessage[] = [];
    const { num_pending: count } = await consumer.info();
    while (found.length < count) {
      const max_messages = Math.min(count - found.length, messagesAtOnceMax);
      for await (const message of await consumer.fetch({ max_messages, expires: 10_000 })) {
        const headers = (message.headers?.keys() ?? []).map((name) => [name, message.headers?.get(name) ?? '']);
        found.push({ subject: message.subject, headers: Object.fromEntries(headers), body: message.json() });
      }
    }
    return found;
  }
}
export type StoredEvents = Awaited<ReturnType<typeof openStoredEvents>>;
