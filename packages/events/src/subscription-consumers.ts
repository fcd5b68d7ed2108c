import { createHmac, randomUUID } from 'node:crypto';
import type { EventTopic, OpenSubscription, RemoveSubscription } from '@dialog/contracts/event-subscription';
import {
  AckPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
} from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import { z } from 'zod';
import { eventStream } from './stream.ts';
import { ownerFilter, partyFilter, partyKeyOf, type TopicFilter } from './subjects.ts';
import { deliveryGroup, subjectsOf } from './subscriber-account.ts';

export type ConsumerSettings = {
  /** Consumers of one subscriber, over all its subscriptions. Each costs the server memory and file handles. */
  consumersMax: number;
  /** A consumer of which no subscriber was heard for so long is removed, with what it knew of confirmations. */
  idleMsMax: number;
  /** What is not confirmed for so long is delivered again. */
  ackWaitMs: number;
  /** Delivered and not confirmed; beyond that nothing more is delivered. */
  unconfirmedMax: number;
};

export type SubscriptionConsumers = {
  /** In the order of the topics of the subscription; `key` is what the subscriber is called where others may read it. */
  open(subscription: OpenSubscription): Promise<{ key: string; consumers: string[] } | 'too-many'>;
  /** @returns how many consumers it had */
  remove(subscription: RemoveSubscription): Promise<number>;
  /** Removes the consumers of subscriptions that were not opened for long. @returns how many */
  removeIdle(): Promise<number>;
};

/**
 * The durable consumers behind subscriptions: one for each topic, as one filter per consumer is what nats-server 2.9
 * can do. Subscribers cannot make them: who may make consumers may make them of anybody's events.
 *
 * When its subscription was last opened stands in a consumer's description. JetStream has a threshold for idleness of
 * its own, but counts only from when a reader has gone: not for those that never came, nor after a restart (2.9.10 and
 * 2.10.27).
 *
 * Nothing is kept about subscriptions but the consumers. They are found again by their names, in which keyed hashes
 * stand for the subscriber, the subscription and what it is about.
 *
 * @param secret what the parties' keys are made with
 * @throws (each) when JetStream does not answer, or refuses
 */
export function openSubscriptionConsumers(
  connection: NatsConnection,
  secret: string,
  settings: ConsumerSettings,
  now: () => Date = () => new Date(),
): SubscriptionConsumers {
  const manager = jetstreamManager(connection, { checkAPI: false });

  return {
    async open({ subscriber, name, from, topics }) {
      const jsm = await manager;
      const wanted = topics.map((topic) => {
        const filter = filterOf(topic, secret);
        return { filter, consumer: `${prefixOf(subscriber, name)}-${keyed(16, filter)}` };
      });
      const found = await Promise.all(wanted.map(({ consumer }) => find(jsm, consumer)));
      const key = keyOf(subscriber);
      const missing = wanted.filter((_, index) => found[index] === undefined);
      if (missing.length > 0) {
        const others = (await consumerNames(connection)).filter((other) => other.startsWith(`${key}-`));
        if (others.length + missing.length > settings.consumersMax) return 'too-many';
        const start = await startOf(jsm, found, from);
        await Promise.all(missing.map(({ filter, consumer }) => add(jsm, consumer, filter, start)));
      }
      await Promise.all(found.filter((info) => info !== undefined).map((info) => keepUp(jsm, info)));
      return { key, consumers: wanted.map(({ consumer }) => consumer) };
    },

    async remove({ subscriber, name }) {
      const jsm = await manager;
      const prefix = `${prefixOf(subscriber, name)}-`;
      const found = (await consumerNames(connection)).filter((consumer) => consumer.startsWith(prefix));
      await Promise.all(found.map((consumer) => jsm.consumers.delete(eventStream, consumer)));
      return found.length;
    },

    async removeIdle() {
      const jsm = await manager;
      const idle: string[] = [];
      for await (const info of jsm.consumers.list(eventStream)) {
        if (subscriptionConsumer.test(info.name) && ageMs(info) > settings.idleMsMax) idle.push(info.name);
      }
      await Promise.all(idle.map((consumer) => jsm.consumers.delete(eventStream, consumer)));
      return idle.length;
    },
  };

  function ageMs({ config: { description }, created }: ConsumerInfo): number {
    return now().getTime() - Date.parse(description ?? created);
  }

  /** Makes a consumer that is there as good as new for whoever is about to read it. */
  async function keepUp(jsm: JetStreamManager, info: ConsumerInfo): Promise<void> {
    const { name: consumer, config } = info;
    const { deliveries } = subjectsOf(consumer);
    const wasLeft = info.num_ack_pending > 0 && (await takeBack(jsm, consumer));
    const isStale = ageMs(info) > settings.idleMsMax / staleShare;
    // The subject each time: whatever was read of the consumer may be of the moment when it was another.
    const update = { deliver_subject: deliveries, ...(isStale && { description: now().toISOString() }) };
    if (wasLeft || isStale || config.deliver_subject !== deliveries) {
      await jsm.consumers.update(eventStream, consumer, update);
    }
  }

  /**
   * Has all that was delivered and not confirmed delivered again, in order and before anything newer: whoever was to
   * confirm it is gone. Otherwise it would wait for `ackWaitMs`, and come behind what is newer. JetStream has no command
   * for it, but does so when a consumer's deliveries go elsewhere. Of that it is called back by its next update.
   *
   * @returns false when somebody reads. It is left to the server to tell: what it says of a consumer (`push_bound`) is
   * late, this refusal is not (2.9.10).
   */
  async function takeBack(jsm: JetStreamManager, consumer: string): Promise<boolean> {
    try {
      await jsm.consumers.update(eventStream, consumer, { deliver_subject: subjectsOf(consumer).undelivered });
      return true;
    } catch (err) {
      if (err instanceof JetStreamApiError) return false;
      throw err;
    }
  }

  function keyOf(subscriber: string): string {
    return keyed(32, 'subscriber', subscriber);
  }

  function prefixOf(subscriber: string, name: string): string {
    return `${keyOf(subscriber)}-${keyed(16, 'name', name)}`;
  }

  /** JSON keeps the parts apart, and all of it apart from the parties, whose keys are made with the same secret. */
  function keyed(hexDigits: number, ...parts: string[]): string {
    return createHmac('sha256', secret).update(JSON.stringify(parts)).digest('hex').slice(0, hexDigits);
  }

  async function add(jsm: JetStreamManager, consumer: string, filter: string, start: Start): Promise<void> {
    const config = {
      durable_name: consumer,
      filter_subject: filter,
      deliver_subject: subjectsOf(consumer).deliveries,
      deliver_group: deliveryGroup,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(settings.ackWaitMs),
      max_ack_pending: settings.unconfirmedMax,
      description: now().toISOString(),
      ...start,
    };
    try {
      await jsm.consumers.add(eventStream, config);
    } catch (err) {
      // Somebody else may have made it in the meantime, to begin a moment earlier or later.
      if (!(err instanceof JetStreamApiError) || (await find(jsm, consumer)) === undefined) throw err;
    }
  }
}

const subscriptionConsumer = /^[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{16}$/;
/** A description is written anew when it is this part of the idle time old, not at each opening. */
const staleShare = 20;

/** Never a time: nats-server 2.9 refuses every update of a consumer that begins at one. */
type Start = { deliver_policy: DeliverPolicy } & Partial<Pick<ConsumerConfig, 'opt_start_seq'>>;

/**
 * Where new consumers begin. One that is added to a subscription, for a service that the subscriber may read from now
 * on, begins where the subscription did: what has happened since the subscriber was last here is not lost.
 */
async function startOf(
  jsm: JetStreamManager,
  found: readonly (ConsumerInfo | undefined)[],
  from: OpenSubscription['from'],
): Promise<Start> {
  const [oldest] = found
    .filter((info) => info !== undefined)
    .toSorted((one, other) => Date.parse(one.created) - Date.parse(other.created));
  if (oldest !== undefined) return atSequence(oldest.config.opt_start_seq ?? (await sequenceAt(jsm, oldest.created)));
  if (from?.time != null) return atSequence(await sequenceAt(jsm, from.time));
  return from?.sequence == null ? { deliver_policy: DeliverPolicy.New } : atSequence(from.sequence);
}

function atSequence(sequence: number): Start {
  return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: sequence };
}

/** The first sequence that is not before a time. Only a consumer tells; this one is gone in a moment. */
async function sequenceAt(jsm: JetStreamManager, time: string): Promise<number> {
  const { name, delivered } = await jsm.consumers.add(eventStream, {
    name: `at-${randomUUID()}`,
    ...{ deliver_policy: DeliverPolicy.StartTime, opt_start_time: time },
    // For a relay that is killed before it removes it.
    inactive_threshold: nanos(10_000),
  });
  await jsm.consumers.delete(eventStream, name);
  return delivered.stream_seq + 1;
}

function filterOf(topic: EventTopic, secret: string): string {
  const { serviceResource, type, dialogId } = topic;
  const filter: TopicFilter = {
    ...(serviceResource !== null && { serviceResource }),
    ...(type !== null && { type }),
    ...(dialogId !== null && { dialogId }),
  };
  switch (topic.audience) {
    case 'owner':
      return ownerFilter({ ...filter, org: topic.org });
    case 'party':
      return partyFilter(partyKeyOf(topic.party, secret), filter);
  }
}

async function find(jsm: JetStreamManager, consumer: string): Promise<ConsumerInfo | undefined> {
  try {
    return await jsm.consumers.info(eventStream, consumer);
  } catch (err) {
    if (err instanceof JetStreamApiError && err.code === JetStreamApiCodes.ConsumerNotFound) return undefined;
    throw err;
  }
}

const namesPage = z.object({ total: z.int(), consumers: z.array(z.string()).nullable() });

/** The names of all consumers. The client has no call for them that does not fetch all that is known of each. */
async function consumerNames(connection: NatsConnection): Promise<string[]> {
  const names: string[] = [];
  for (;;) {
    const reply = await connection.request(
      `$JS.API.CONSUMER.NAMES.${eventStream}`,
      JSON.stringify({ offset: names.length }),
    );
    const { total, consumers } = namesPage.parse(reply.json());
    names.push(...(consumers ?? []));
    if (consumers === null || consumers.length === 0 || names.length >= total) return names;
  }
}
