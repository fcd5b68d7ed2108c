import { readFileSync } from 'node:fs';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { DiscardPolicy, type JsMsg, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, credsAuthenticator, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
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

/** Messages are numbered; their dialogs take turns. */
const dialogs = 97;

function messagesOf(from: number, to: number, facts: Partial<EventMessage> = {}): EventMessage[] {
  return Array.from({ length: to - from }, (_, index) => ({
    subject: `dialogporten.events.v1.owner.ttd.r.created.${(from + index) % dialogs}`,
    messageId: `m${from + index}`,
    orderKey: String((from + index) % dialogs),
    payload: Buffer.from(String(from + index)),
    traceparent: null,
    ...facts,
  }));
}

/** What the stream has, oldest first. */
async function stored(): Promise<JsMsg[]> {
  const consumer = await jetstream(admin).consumers.get(eventStream);
  const messages: JsMsg[] = [];
  const { num_pending: count } = await consumer.info();
  while (messages.length < count) {
    const fetched = await consumer.fetch({ max_messages: Math.min(1_000, count - messages.length), expires: 5_000 });
    for await (const message of fetched) messages.push(message);
  }
  return messages;
}

/** The numbers of the messages that are stored, in order. */
async function storedNumbers(): Promise<number[]> {
  return (await stored()).map((message) => Number(message.string()));
}

function expectOrderWithinDialogs(numbers: readonly number[]): void {
  const last = new Map<number, number>();
  for (const number of numbers) {
    expect(number).toBeGreaterThan(last.get(number % dialogs) ?? -1);
    last.set(number % dialogs, number);
  }
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
      const numbers = await storedNumbers();
      expect(new Set(numbers)).toEqual(new Set(Array.from({ length: 300 }, (_, index) => index)));
      expectOrderWithinDialogs(numbers);
    },
  );

  it('keeps the whole order when everything is pipelined, also of several calls at once', async () => {
    await publishing((publisher) =>
      Promise.all([publisher.publish(messagesOf(0, 300)), publisher.publish(messagesOf(1_000, 1_300))]),
    );
    const numbers = await storedNumbers();
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

it('sends one message of a dialog at a time if it is told so: the next when the one before it is stored', async () => {
  // We take the place of the stream, and are slow.
  await (await jetstreamManager(admin)).streams.delete(eventStream);
  const received: Msg[] = [];
  const standIn = admin.subscribe('dialogporten.events.v1.>', {
    callback: (_, message) => void received.push(message),
  });
  await admin.flush();
  const store = (message: Msg | undefined) => message?.respond(JSON.stringify({ stream: eventStream, seq: 1 }));

  const slowly = publishing(
    async (publisher, connection) => {
      const arrived = async () => {
        await connection.flush();
        await admin.flush();
        return received.map((message) => message.string());
      };
      const ofTwoDialogs = [0, 1, 0, 1, 0].flatMap((dialog, index) =>
        messagesOf(dialog + index * dialogs, 1 + dialog + index * dialogs),
      );
      const [a1 = '', b1 = '', a2 = '', b2 = '', a3 = ''] = ofTwoDialogs.map(({ payload }) => payload.toString());
      const published = publisher.publish(ofTwoDialogs);
      expect(await arrived()).toEqual([a1, b1]);
      store(received[1]);
      expect(await arrived()).toEqual([a1, b1]);
      store(received[0]);
      await vi.waitFor(async () => expect(await arrived()).toEqual([a1, b1, a2, b2]));
      store(received[2]);
      store(received[3]);
      await vi.waitFor(async () => expect(await arrived()).toEqual([a1, b1, a2, b2, a3]));
      store(received[4]);
      expect(await published).toMatchObject({ stored: 5 });
    },
    { pipelining: 'one-per-dialog' },
  );
  await slowly.finally(() => standIn.unsubscribe());
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
