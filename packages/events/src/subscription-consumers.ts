import { createHmac } from 'node:crypto';
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
      const staleMs = settings.idleMsMax / staleShare;
      const stale = found.filter((info) => info !== undefined).filter((info) => ageMs(info) > staleMs);
      const missing = wanted.filter((_, index) => found[index] === undefined);
      if (missing.length > 0) {
        const others = (await consumerNames(connection)).filter((other) => other.startsWith(`${key}-`));
        if (others.length + missing.length > settings.consumersMax) return 'too-many';
        const start = startOf(found, from);
        await Promise.all(missing.map(({ filter, consumer }) => add(jsm, consumer, filter, start)));
      }
      await Promise.all(stale.map(({ name: consumer }) => renew(jsm, consumer)));
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

  async function renew(jsm: JetStreamManager, consumer: string): Promise<void> {
    await jsm.consumers.update(eventStream, consumer, { description: now().toISOString() });
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

type Start = Pick<ConsumerConfig, 'deliver_policy'> & Partial<Pick<ConsumerConfig, 'opt_start_time' | 'opt_start_seq'>>;

/**
 * Where new consumers begin. One that is added to a subscription, for a service that the subscriber may read from now
 * on, begins where the subscription did: what has happened since the subscriber was last here is not lost.
 */
function startOf(found: readonly (ConsumerInfo | undefined)[], from: OpenSubscription['from']): Start {
  const [oldest] = found
    .filter((info) => info !== undefined)
    .toSorted((one, other) => Date.parse(one.created) - Date.parse(other.created));
  if (oldest === undefined) return asked(from);
  const { deliver_policy, opt_start_time, opt_start_seq } = oldest.config;
  if (opt_start_time !== undefined) return { deliver_policy, opt_start_time };
  if (opt_start_seq !== undefined) return { deliver_policy, opt_start_seq };
  return { deliver_policy: DeliverPolicy.StartTime, opt_start_time: oldest.created };
}

function asked(from: OpenSubscription['from']): Start {
  if (from?.time != null) return { deliver_policy: DeliverPolicy.StartTime, opt_start_time: from.time };
  if (from?.sequence != null) return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from.sequence };
  return { deliver_policy: DeliverPolicy.New };
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
