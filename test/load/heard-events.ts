import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { eventStream } from '@dialog/events/stream';
import { ownerFilter } from '@dialog/events/subjects';
import { DeliverPolicy, jetstream } from '@nats-io/jetstream';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { z } from 'zod';
import type { BenchStack } from './bench-stack.ts';

const event = z.object({ time: z.string() });
const lateMs = 30_000;

export type Listener = {
  /**
   * Milliseconds from the time of each event, which is taken just before its commit, to the subscriber's hands, ascending.
   *
   * @throws when fewer events than these come
   */
  latenciesMs(expected: number): Promise<number[]>;
  close(): Promise<void>;
};

/** Listens for new events of a service owner, also while there is no relay to let a subscriber in. */
export async function listen(stack: Pick<BenchStack, 'natsUrl' | 'natsCreds'>, org: string): Promise<Listener> {
  const { natsUrl, natsCreds } = stack;
  if (natsCreds === undefined) throw new Error('The bench needs its own NATS.');
  const authenticator = credsAuthenticator(readFileSync(natsCreds.admin));
  const connection = await connect({ servers: natsUrl, authenticator });
  const latencies: number[] = [];
  const consumer = await jetstream(connection).consumers.get(eventStream, {
    deliver_policy: DeliverPolicy.New,
    filter_subjects: ownerFilter({ org }),
  });
  const messages = await consumer.consume({
    max_messages: 5_000,
    callback: (message) => {
      latencies.push(Date.now() - Date.parse(event.parse(message.json()).time));
    },
  });
  return {
    async latenciesMs(expected) {
      const deadline = Date.now() + lateMs;
      while (latencies.length < expected && Date.now() < deadline) await delay(20);
      if (latencies.length < expected) throw new Error(`Of ${expected} events, ${latencies.length} arrived.`);
      return latencies.toSorted((a, b) => a - b);
    },
    async close() {
      messages.stop();
      await connection.close();
    },
  };
}
