import { readFileSync } from 'node:fs';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { DiscardPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EventMessage } from './event-messages.ts';
import { openPublisher, type PublishSettings } from './publish.ts';
import { ensureEventStream, eventStream } from './stream.ts';

let space: TestSpace;
let admin: NatsConnection;

beforeAll(async () => {
  space = await openTestSpace();
  admin = await open(space.natsCreds.admin);
});
beforeEach(async () => {
  const manager = await jetstreamManager(admin);
  await manager.streams.delete(eventStream).catch(() => {});
  await ensureEventStream(admin, {
    replicas: 1,
    ageMaxMs: 3_600_000,
    bytesMax: 64 * 1_024 ** 2,
    duplicateWindowMs: 60_000,
  });
});
afterAll(async () => {
  await admin.close();
  await space.close();
});

function open(creds: string): Promise<NatsConnection> {
  const authenticator = credsAuthenticator(readFileSync(creds));
  return connect({ servers: space.natsUrl, authenticator, reconnect: false });
}

const settings: PublishSettings = { inFlightMax: 64, ackTimeoutMs: 5_000, pipelining: 'everything' };

function messagesOf(from: number, to: number, facts: Partial<EventMessage> = {}): EventMessage[] {
  return Array.from({ length: to - from }, (_, index) => ({
    subject: `dialogporten.events.v1.owner.ttd.r.created.${(from + index) % 7}`,
    messageId: `m${from + index}`,
    orderKey: String((from + index) % 7),
    payload: Buffer.from(String(from + index)),
    traceparent: null,
    ...facts,
  }));
}

/** What the stream has, oldest first. */
async function stored() {
  const { state } = await (await jetstreamManager(admin)).streams.info(eventStream);
  const consumer = await jetstream(admin).consumers.get(eventStream);
  const messages = [];
  for (let left = state.messages; left > 0; left -= 1) {
    const message = await consumer.next();
    if (message !== null) messages.push(message);
  }
  return messages;
}

async function publishing<Result>(
  work: (publisher: ReturnType<typeof openPublisher>, connection: NatsConnection) => Promise<Result>,
  own: Partial<PublishSettings> = {},
): Promise<Result> {
  const connection = await open(space.natsCreds.eventRelay);
  try {
    return await work(openPublisher(connection, { ...settings, ...own }), connection);
  } finally {
    await connection.close();
  }
}

describe('publishing', () => {
  it.each(['everything', 'one-per-dialog'] as const)(
    'stores all, those of a dialog in order (%s)',
    async (pipelining) => {
      const published = await publishing((publisher) => publisher.publish(messagesOf(0, 300)), { pipelining });
      expect(published).toEqual({ stored: 300, duplicates: 0, refusals: [] });
      const numbers = (await stored()).map((message) => Number(message.string()));
      expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, index) => index));
      for (let dialog = 0; dialog < 7; dialog += 1) {
        const own = numbers.filter((number) => number % 7 === dialog);
        expect(own).toEqual(own.toSorted((a, b) => a - b));
      }
    },
  );

  it('keeps the whole order when everything is pipelined, also of several calls at once', async () => {
    await publishing((publisher) =>
      Promise.all([publisher.publish(messagesOf(0, 300)), publisher.publish(messagesOf(1_000, 1_300))]),
    );
    const numbers = (await stored()).map((message) => Number(message.string()));
    expect(numbers.filter((number) => number < 1_000)).toEqual(Array.from({ length: 300 }, (_, index) => index));
    expect(numbers.filter((number) => number >= 1_000)).toEqual(
      Array.from({ length: 300 }, (_, index) => 1_000 + index),
    );
  });

  it('says what a message is, and where it comes from', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await publishing((publisher) => publisher.publish(messagesOf(0, 1, { traceparent })));
    const [message] = await stored();
    expect(message?.headers?.get('content-type')).toBe('application/cloudevents+json');
    expect(message?.headers?.get('traceparent')).toBe(traceparent);
    expect(message?.headers?.get('Nats-Msg-Id')).toBe('m0');
  });

  it('stores nothing twice when a call is repeated, and adds what is new behind it', async () => {
    await publishing((publisher) => publisher.publish(messagesOf(0, 100)));
    const published = await publishing((publisher) => publisher.publish(messagesOf(50, 150)));
    expect(published).toEqual({ stored: 50, duplicates: 50, refusals: [] });
    expect((await stored()).map((message) => message.string())).toEqual(
      Array.from({ length: 150 }, (_, index) => String(index)),
    );
  });

  it('tells which messages JetStream will never take, and publishes the others', async () => {
    const tooLarge = messagesOf(1, 2, { payload: Buffer.alloc(2 * 1_024 ** 2) });
    const subjectTooLong = messagesOf(3, 4, { subject: `dialogporten.events.v1.owner.${'x'.repeat(4_000)}` });
    const longest = messagesOf(4, 5, { subject: `dialogporten.events.v1.owner.${'x'.repeat(3_871)}` });
    const all = [...messagesOf(0, 1), ...tooLarge, ...messagesOf(2, 3), ...subjectTooLong, ...longest];
    const { stored: count, refusals } = await publishing((publisher) => publisher.publish(all));
    expect(count).toBe(3);
    expect(refusals.map(({ message }) => message.messageId)).toEqual(['m1', 'm3']);
    expect((await stored()).map((message) => message.string())).toEqual(['0', '2', '4']);
  });

  it('passes over what is too large for the stream alone', async () => {
    await (await jetstreamManager(admin)).streams.update(eventStream, { max_msg_size: 1_000 });
    const all = [...messagesOf(0, 1), ...messagesOf(1, 2, { payload: Buffer.alloc(1_001) }), ...messagesOf(2, 3)];
    const { stored: count, refusals } = await publishing((publisher) => publisher.publish(all));
    expect(count).toBe(2);
    expect(refusals).toMatchObject([{ message: { messageId: 'm1' }, reason: expect.stringContaining('size') }]);
  });
});

describe('a publisher that cannot tell what became of its messages', () => {
  it('fails when the connection breaks, at once and for good', async () => {
    await publishing(async (publisher, connection) => {
      const failed = expect(publisher.publish(messagesOf(0, 5_000))).rejects.toThrow();
      await connection.close();
      await failed;
      await expect(publisher.publish(messagesOf(0, 1))).rejects.toThrow();
    });
  });

  it('fails when there is no stream', async () => {
    await (await jetstreamManager(admin)).streams.delete(eventStream);
    await publishing(async (publisher) => {
      await expect(publisher.publish(messagesOf(0, 1))).rejects.toThrow(/No JetStream stream/);
    });
  });

  it('fails when an answer stays out', async () => {
    // Nobody but us may publish there, but everything listens.
    await publishing(
      async (publisher) => {
        const elsewhere = messagesOf(0, 1, { subject: 'dialogporten.replies.nobody' });
        await expect(publisher.publish(elsewhere)).rejects.toThrow(/within 200 ms/);
      },
      { ackTimeoutMs: 200 },
    );
  });

  it('fails when JetStream cannot store for want of something that may come back', async () => {
    await (await jetstreamManager(admin)).streams.update(eventStream, { max_msgs: 1, discard: DiscardPolicy.New });
    await publishing(async (publisher) => {
      await expect(publisher.publish(messagesOf(0, 2))).rejects.toThrow(/maximum messages/);
    });
  });
});
