import { readFileSync } from 'node:fs';
import { eventStream } from '@dialog/events/stream';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { expect, vi } from 'vitest';
import type { OutboxWriter } from './outbox-writer.ts';

/** A message as it lies in the stream. */
export type StoredMessage = { messageId: string; subject: string; body: string };

export function openAdmin(url: string, credsFile: string): Promise<NatsConnection> {
  const authenticator = credsAuthenticator(readFileSync(credsFile));
  return connect({ servers: url, authenticator, reconnect: false });
}

export async function deleteStream(admin: NatsConnection): Promise<void> {
  const manager = await jetstreamManager(admin);
  const names = await manager.streams.names().next();
  if (names.includes(eventStream)) await manager.streams.delete(eventStream);
}

export async function countStored(admin: NatsConnection): Promise<number> {
  return (await (await jetstreamManager(admin)).streams.info(eventStream)).state.messages;
}

export async function untilStored(admin: NatsConnection, count: number, timeoutMs = 20_000): Promise<void> {
  await vi.waitFor(
    async () => {
      const stored = await countStored(admin);
      if (stored < count) throw new Error(`${stored} of ${count} messages are stored.`);
    },
    { timeout: timeoutMs, interval: 20 },
  );
}

/** All that the stream has, oldest first. */
export async function readStored(admin: NatsConnection, filter?: string): Promise<StoredMessage[]> {
  const stored: StoredMessage[] = [];
  const consumer = await jetstream(admin).consumers.get(
    eventStream,
    filter === undefined ? {} : { filter_subjects: filter },
  );
  let left = (await consumer.info()).num_pending;
  while (left > 0) {
    const messages = await consumer.fetch({ max_messages: Math.min(left, 1_000), expires: 5_000 });
    for await (const message of messages) {
      stored.push({
        messageId: message.headers?.get('Nats-Msg-Id') ?? '',
        subject: message.subject,
        body: message.string(),
      });
      left -= 1;
    }
  }
  return stored;
}

/** That the stream has all that was written, each message once, and those of a dialog in the order of commits. */
export async function expectAllOnceInOrder(admin: NatsConnection, writer: OutboxWriter): Promise<void> {
  const stored = new Map<string, string[]>();
  for (const { messageId, subject } of await readStored(admin)) {
    const key = `${subject.slice(subject.lastIndexOf('.') + 1)}.${messageId.slice(messageId.lastIndexOf('.') + 1)}`;
    stored.set(key, [...(stored.get(key) ?? []), messageId]);
  }
  expect(stored).toEqual(writer.expected);
}
