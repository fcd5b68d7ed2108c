import { createInbox, errors, headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import type { EventMessage } from './event-messages.ts';
import { messageHeadersOf } from './message-headers.ts';
import { eventStream } from './stream.ts';

export type PublishSettings = {
  /**
   * How many messages of one call may be on their way, sent and not yet acknowledged. Beyond some hundreds nothing is
   * gained, and newer servers turn away what is more than 10,000 for one stream.
   */
  inFlightMax: number;
  /** A server that is this late with an answer is taken for gone. */
  ackTimeoutMs: number;
  /** What may be on its way together; see {@link openPublisher}. */
  pipelining: 'everything' | 'one-per-dialog';
};

/** A message that JetStream will not take however often it is sent. */
export type Refusal = { message: EventMessage; reason: string };

/** `duplicates` were stored earlier, under the same message id. */
export type Published = { stored: number; duplicates: number; refusals: Refusal[] };

export type Publisher = {
  /**
   * Publishes in the order given and returns when JetStream has stored all but what it refuses for good.
   *
   * @throws when that cannot be told of each message: the connection broke, an answer stayed out, JetStream is not
   * able to store. Some of the messages may be stored. The publisher is of no use after that; publish all of them
   * again, in order, on a new connection.
   */
  publish(messages: readonly EventMessage[]): Promise<Published>;
};

/**
 * Publishes with many messages on their way at once and keeps the order of each call, also over repetitions:
 *
 * - A server works through what comes on one connection in order, and does so for one stream one message at a time. So
 *   when the connection breaks, what has been stored is an unbroken run from the first message on. `connection` must
 *   therefore not reconnect by itself: the client would go on with what it had not sent yet, behind a gap.
 * - Repeating the whole call stores nothing twice, since JetStream knows the message ids, and appends the rest in order.
 *   Two publishers that send the same messages at the same time do no harm either: whichever brings a message first has
 *   brought all before it.
 * - A stream with several copies changes its leader now and then. Messages that arrive in between are lost, those behind
 *   them are not: the run has a gap. With `one-per-dialog` a message leaves when the one before it of the same dialog
 *   and audience is stored, so that a gap cannot be between two of them. A dialog alone is then as fast as one answer
 *   after the other.
 *
 * Not with the client's own `publish` for JetStream: it costs 42 µs of processor time a message, this costs 8 (a
 * promise, a timer and a stack trace each make the difference).
 */
export function openPublisher(connection: NatsConnection, settings: PublishSettings): Publisher {
  const inbox = createInbox();
  const flights = new Map<number, Flight>();
  let flightsStarted = 0;
  let broken: Error | undefined;

  connection.subscribe(`${inbox}.*.*`, {
    callback: (err, reply) => {
      try {
        if (err !== null) throw err;
        const [flightId = '', index = ''] = reply.subject.slice(inbox.length + 1).split('.');
        flights.get(Number(flightId))?.take(Number(index), reply);
      } catch (fault) {
        breakOff(fault);
      }
    },
  });
  void connection.closed().then((err) => breakOff(err ?? new Error('The connection to NATS was closed.')));

  return {
    async publish(messages) {
      const published: Published = { stored: 0, duplicates: 0, refusals: [] };
      const rounds = settings.pipelining === 'everything' ? [messages] : onePerDialog(messages);
      for (const round of rounds) {
        for (let start = 0; start < round.length; start += settings.inFlightMax) {
          await fly(round.slice(start, start + settings.inFlightMax), published);
        }
      }
      return published;
    },
  };

  async function fly(messages: readonly EventMessage[], published: Published): Promise<void> {
    if (broken !== undefined) throw broken;
    flightsStarted += 1;
    const id = flightsStarted;
    const flight = createFlight(messages, published);
    flights.set(id, flight);
    const timer = setTimeout(() => {
      breakOff(new Error(`JetStream did not acknowledge a message within ${settings.ackTimeoutMs} ms.`));
    }, settings.ackTimeoutMs);
    try {
      for (const [index, message] of messages.entries()) {
        const reason = send(message, `${inbox}.${id}.${index}`);
        if (reason !== undefined) flight.refuse(index, reason);
      }
      await flight.landed;
    } finally {
      clearTimeout(timer);
      flights.delete(id);
    }
  }

  /** @returns why the message can never be sent */
  function send(message: EventMessage, reply: string): string | undefined {
    const { subject, payload } = message;
    // A longer line makes the server close the connection, so this message would come between all others and NATS.
    if (subject.length > subjectBytesMax) return `The subject is longer than ${subjectBytesMax} bytes.`;
    try {
      connection.publish(subject, payload, { reply, headers: headersOf(message) });
    } catch (err) {
      // Larger than the server's max_payload.
      if (err instanceof errors.InvalidArgumentError) return err.message;
      throw err;
    }
    return undefined;
  }

  function breakOff(fault: unknown): void {
    broken ??= fault instanceof Error ? fault : new Error('Publishing failed.', { cause: fault });
    for (const flight of flights.values()) flight.fail(broken);
  }
}

/** The server's limit for a line of the protocol is 4,096 bytes; the rest is for the reply subject and the lengths. */
const subjectBytesMax = 3_900;

function headersOf(message: EventMessage) {
  const result = headers();
  for (const [name, value] of Object.entries(messageHeadersOf(message))) result.set(name, value);
  return result;
}

/** Messages that are on their way together. */
type Flight = {
  landed: Promise<void>;
  /** @throws for an answer that concerns not only this message */
  take(index: number, reply: Msg): void;
  refuse(index: number, reason: string): void;
  fail(err: Error): void;
};

function createFlight(messages: readonly EventMessage[], published: Published): Flight {
  const { promise: landed, resolve, reject } = Promise.withResolvers<void>();
  // It may fail while messages are still being sent, before anybody awaits it.
  landed.catch(() => {});
  let left = messages.length;

  function land(): void {
    left -= 1;
    if (left === 0) resolve();
  }

  function refuse(index: number, reason: string): void {
    const message = messages[index];
    if (message !== undefined) published.refusals.push({ message, reason });
    land();
  }

  return {
    landed,
    refuse,
    fail: reject,
    take(index, reply) {
      if (reply.headers?.code === 503) throw new Error('No JetStream stream takes the events.');
      const ack = acknowledgement.parse(reply.json());
      if ('error' in ack) {
        const { err_code, description } = ack.error;
        if (!refusedForGood.has(err_code)) throw new Error(`JetStream does not store (${err_code}): ${description}`);
        refuse(index, description);
        return;
      }
      if (ack.duplicate) published.duplicates += 1;
      else published.stored += 1;
      land();
    },
  };
}

const acknowledgement = z.union([
  z.object({ error: z.object({ err_code: z.int(), description: z.string() }) }),
  z.object({ stream: z.literal(eventStream), duplicate: z.boolean().default(false) }),
]);

/** JetStream's codes for a message or its headers being too large for the stream. Everything else may pass. */
const refusedForGood: ReadonlySet<number> = new Set([10_054, 10_097]);

/** Rounds in which each dialog and audience has one message at most; what a round leaves over is in the next. */
function onePerDialog(messages: readonly EventMessage[]): EventMessage[][] {
  const rounds: EventMessage[][] = [];
  const taken = new Map<string, number>();
  for (const message of messages) {
    const round = taken.get(message.orderKey) ?? 0;
    taken.set(message.orderKey, round + 1);
    if (round === rounds.length) rounds.push([]);
    rounds[round]?.push(message);
  }
  return rounds;
}
