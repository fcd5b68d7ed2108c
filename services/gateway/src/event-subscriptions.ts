import {
  type OpenedSubscription,
  type OpenSubscription,
  openedSubscription,
  type RemoveSubscription,
  removedSubscription,
  subscriptionSubjects,
} from '@dialog/contracts/event-subscription';
import type { Nats } from '@dialog/lanes/open-nats';

/** Nobody let the subscriber in, and nobody said why not. */
export class SubscriptionsUnavailable extends Error {
  override name = 'SubscriptionsUnavailable';
}

/** Asks the event-relay, which trusts that who it is about was seen to have the right. */
export type EventSubscriptions = {
  /** @throws SubscriptionsUnavailable */
  open(subscription: OpenSubscription): Promise<Exclude<OpenedSubscription, { kind: 'failed' }>>;
  /** @returns whether there was one. @throws SubscriptionsUnavailable */
  remove(subscription: RemoveSubscription): Promise<boolean>;
};

/** Longer than the relay waits for JetStream. */
const timeoutMs = 6_000;

export function createEventSubscriptions(nats: Pick<Nats, 'request'>): EventSubscriptions {
  return {
    async open(subscription) {
      const answer = openedSubscription.parse(await ask(subscriptionSubjects.open, subscription));
      if (answer.kind === 'failed') throw new SubscriptionsUnavailable('JetStream did not do what the relay asked.');
      return answer;
    },
    async remove(subscription) {
      const answer = removedSubscription.parse(await ask(subscriptionSubjects.remove, subscription));
      if (answer.kind === 'failed') throw new SubscriptionsUnavailable('JetStream did not do what the relay asked.');
      return answer.consumerCount > 0;
    },
  };

  async function ask(subject: string, question: object): Promise<unknown> {
    try {
      return JSON.parse(await nats.request(subject, JSON.stringify(question), timeoutMs));
    } catch (err) {
      throw new SubscriptionsUnavailable('The event-relay did not answer.', { cause: err });
    }
  }
}
