import assert from 'node:assert/strict';
import {
  type OpenedSubscription,
  type OpenSubscription,
  openSubscription,
  type RemovedSubscription,
  removeSubscription,
  subscriptionSubjects,
} from '@dialog/contracts/event-subscription';
import { addMs, type Timestamp } from '@dialog/contracts/timestamp';
import { allConfirmations, confirmedOf, deliveryGroup, subjectsOf } from '@dialog/events/subscriber-account';
import { issueSubscriberCredentials, type SubscriberSigner } from '@dialog/events/subscriber-credentials';
import {
  type ConsumerSettings,
  openSubscriptionConsumers,
  type SubscriptionConsumers,
} from '@dialog/events/subscription-consumers';
import type { Nats } from '@dialog/lanes/open-nats';
import type { Logger } from '@dialog/telemetry/logger';

export type SubscriptionSettings = {
  signer: SubscriberSigner;
  /** What consumers and parties are named with. */
  secret: string;
  /** Addresses at which subscribers reach NATS. */
  servers: readonly string[];
  /** How long credentials last. A right that was withdrawn counts until then. */
  credentialsMs: number;
  consumers: ConsumerSettings;
  /** A JetStream that is this late with storing a confirmation is taken for gone. */
  confirmTimeoutMs: number;
};

/** Several relays may do it at once. */
const sweepMs = 3_600_000;

type Deps = { nats: Nats; log: Logger; now: () => Timestamp };

/**
 * Makes subscribers' consumers and signs their credentials, for gateways that ask. A gateway says whose subscription it
 * is and to what, having seen an access token that permits it; here is what can make it so. Neither the signing key nor
 * the right to make consumers leaves this service, which nobody outside can reach.
 */
export function serveSubscriptions({ nats, log, now }: Deps, settings: SubscriptionSettings): { stop(): void } {
  nats.serve(subscriptionSubjects.open, async (payload) => {
    const order = openSubscription.parse(JSON.parse(payload));
    return JSON.stringify(await answered(() => open(order), 'subscription not opened'));
  });
  nats.serve(subscriptionSubjects.remove, async (payload) => {
    const order = removeSubscription.parse(JSON.parse(payload));
    const remove = async (): Promise<RemovedSubscription> => {
      return { kind: 'removed', consumerCount: await consumers().remove(order) };
    };
    return JSON.stringify(await answered(remove, 'subscription not removed'));
  });

  /** Confirmations that JetStream has not answered yet, by consumer. */
  const confirming = new Map<string, number>();
  nats.subscribe(allConfirmations, (payload, subject) => void confirm(payload, subject), 'event-relay');
  const sweeping = setInterval(() => void sweep(), sweepMs);
  return { stop: () => clearInterval(sweeping) };

  async function sweep(): Promise<void> {
    if (!nats.isConnected()) return;
    try {
      log.info({ consumers: await consumers().removeIdle() }, 'idle consumers removed');
    } catch (err) {
      log.warn({ err }, 'idle consumers not removed, trying later');
    }
  }

  /** JetStream says of each whether it is stored; those of which it does not are not told, and will be confirmed again. */
  async function confirm(payload: string, subject: string): Promise<void> {
    const { consumer, acknowledgements } = confirmedOf(subject, payload);
    const before = confirming.get(consumer) ?? 0;
    // More than that nobody has to confirm, unless it is made up. What was meant is sent again.
    if (before + acknowledgements.length > 2 * settings.consumers.unconfirmedMax) return;
    confirming.set(consumer, before + acknowledgements.length);
    const stored = await Promise.allSettled(
      acknowledgements.map((acknowledgement) => nats.request(acknowledgement, '+ACK', settings.confirmTimeoutMs)),
    );
    const left = (confirming.get(consumer) ?? 0) - acknowledgements.length;
    if (left > 0) confirming.set(consumer, left);
    else confirming.delete(consumer);
    const confirmed = acknowledgements.filter((_, index) => stored[index]?.status === 'fulfilled');
    if (confirmed.length < acknowledgements.length) log.warn({ consumer }, 'events not confirmed');
    if (confirmed.length > 0) nats.publish(subjectsOf(consumer).confirmed, confirmed.join('\n'));
  }

  async function open(order: OpenSubscription): Promise<OpenedSubscription> {
    const opened = await consumers().open(order);
    if (opened === 'too-many') {
      return { kind: 'too-many-consumers', consumersMax: settings.consumers.consumersMax };
    }
    const issuedAt = now();
    const expiresAt = addMs(issuedAt, settings.credentialsMs);
    const credentials = await issueSubscriberCredentials(settings.signer, {
      name: opened.key,
      consumers: opened.consumers,
      expiresAt: new Date(expiresAt),
    });
    log.info({ subscriber: opened.key, consumers: opened.consumers.length }, 'subscriber let in');
    return {
      kind: 'opened',
      access: {
        ...{ servers: [...settings.servers], credentials, issuedAt, expiresAt, queue: deliveryGroup },
        deliveries: opened.consumers.map((consumer, index) => {
          const { deliveries, confirmations, confirmed } = subjectsOf(consumer);
          return {
            serviceResource: order.topics[index]?.serviceResource ?? null,
            ...{ subject: deliveries, confirmTo: confirmations, confirmedOn: confirmed },
          };
        }),
      },
    };
  }

  function consumers(): SubscriptionConsumers {
    const connection = nats.connection();
    assert(connection, 'Whoever asks has seen a connection.');
    return openSubscriptionConsumers(connection, settings.secret, settings.consumers);
  }

  /** JetStream away, or without the stream yet: for the gateway to tell, and for its caller to try again. */
  async function answered<Answer>(
    answer: () => Promise<Answer>,
    failure: string,
  ): Promise<Answer | { kind: 'failed' }> {
    try {
      return await answer();
    } catch (err) {
      log.error({ err }, failure);
      return { kind: 'failed' };
    }
  }
}
