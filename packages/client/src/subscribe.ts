import { setTimeout as delay } from 'node:timers/promises';
import type { DialogCloudEvent } from '@dialog/contracts/cloud-event';
import type { Msg } from '@nats-io/transport-node';
import { createConfirmations } from './confirmations.ts';
import { assertFilter, createMatcher } from './event-filter.ts';
import { createEventQueue } from './event-queue.ts';
import { type AccessRequest, openAccess, type Start, SubscriptionRefused } from './open-access.ts';
import { openSession, type Session } from './session.ts';

export { SubscriptionRefused };

export type SubscribeOptions = AccessRequest & {
  /** Told of what interrupts the subscription. It goes on by itself. */
  onInterruption?: (err: unknown) => void;
};

export type ReceivedEvent = {
  event: DialogCloudEvent;
  /** Of all events of the service; grows. `from: { sequence }` of another subscription can begin with it. */
  sequence: number;
  /** Whether it was delivered before, to this program or an earlier one. */
  redelivered: boolean;
  /**
   * Resolves when it is safe that the event does not come again, or when the right to it has been withdrawn. Rejects when
   * the subscription is closed before.
   */
  ack: () => Promise<void>;
};

/** Events as they happen, for one loop. Leaving the loop closes the subscription. */
export type EventSubscription = AsyncIterable<ReceivedEvent> & {
  /** Ends the loop when what has been confirmed is safe. */
  close(): Promise<void>;
};

const retryMinMs = 250;
const retryMaxMs = 30_000;
const steadyMs = 5_000;
/** Credentials are renewed when this part of their life is over. */
const renewAfter = 2 / 3;
const settleMs = 5_000;
/**
 * How much earlier than its credentials a subscription without `from` began. What is added to one that had nothing yet
 * begins there: its first event may have come while the credentials were made, by a clock that is not NATS'.
 */
const beginningMs = 60_000;

/**
 * Follows events of dialogs, those of a service owner or, with `party`, those of a party that an end user may act for.
 *
 * It works in sessions, each with credentials of its own. Before they expire the next session connects, the old one is
 * emptied, and only then the new one listens: nothing is lost, nothing comes twice, and the order stays. A session that
 * breaks off is followed by another, at growing intervals.
 *
 * @throws TypeError for a filter that lets nothing through
 */
export function subscribe(options: SubscribeOptions): EventSubscription {
  const { filter = {} } = options;
  assertFilter(filter);
  const isWanted = createMatcher(filter);
  const queue = createEventQueue<ReceivedEvent>();
  const confirmations = createConfirmations();
  const closing = new AbortController();
  /** Delivered and not confirmed. What comes again meanwhile is the same. */
  const inHand = new Set<string>();
  let session: Session | undefined;
  // What nobody has thought of, as an `onInterruption` that throws, is the loop's to hear of.
  const ended = keepReceiving().catch((err: unknown) => queue.end(err));
  let closed: Promise<void> | undefined;

  return {
    close,
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          const received = await queue.take();
          if (received === undefined) return;
          yield received;
        }
      } finally {
        await close();
      }
    },
  };

  function close(): Promise<void> {
    closed ??= (async () => {
      closing.abort();
      await ended;
      await session?.stopListening();
      await confirmations.settle(settleMs);
      confirmations.stop();
      queue.end();
      await session?.close();
    })();
    return closed;
  }

  async function keepReceiving(): Promise<void> {
    let from = options.from;
    let retryMs = retryMinMs;
    while (!closing.signal.aborted) {
      try {
        const access = await openAccess({ ...options, from }, closing.signal);
        // A service that is added at a renewal begins where the subscription did.
        from ??= { time: new Date(Date.parse(access.issuedAt) - beginningMs).toISOString() } satisfies Start;
        const lifeMs = Date.parse(access.expiresAt) - Date.parse(access.issuedAt);
        const next = await openSession(access, { onEvent, onConfirmed: confirmations.onConfirmed });
        const before = session;
        await before?.stopListening();
        session = next;
        try {
          await next.listen();
          confirmations.use(next);
        } finally {
          await before?.close();
        }
        const listeningSince = performance.now();
        const over = await Promise.race([next.closed.then(asInterruption), untilRenewal(lifeMs * renewAfter)]);
        // One that breaks off at once is part of the same interruption.
        if (performance.now() - listeningSince > steadyMs) retryMs = retryMinMs;
        if (over !== undefined && !closing.signal.aborted) throw over.interruption;
      } catch (err) {
        if (err instanceof SubscriptionRefused) {
          queue.end(err);
          return;
        }
        if (closing.signal.aborted) return;
        options.onInterruption?.(err);
        await delay(retryMs, undefined, { signal: closing.signal }).catch(() => {});
        retryMs = Math.min(retryMaxMs, retryMs * 2);
      }
    }
  }

  async function untilRenewal(ms: number): Promise<undefined> {
    await delay(ms, undefined, { signal: closing.signal }).catch(() => {});
  }

  function onEvent(message: Msg, confirmTo: string): void {
    const { reply = '' } = message;
    const { sequence, deliveryCount } = deliveryOf(reply);
    const key = `${sequence} ${confirmTo}`;
    if (inHand.has(key)) return;
    const event = message.json<DialogCloudEvent>();
    if (!isWanted(event)) {
      void confirmations.confirm(confirmTo, reply);
      return;
    }
    inHand.add(key);
    queue.push({
      event,
      sequence,
      redelivered: deliveryCount > 1,
      ack: () => {
        const confirmed = confirmations.confirm(confirmTo, reply);
        confirmed.then(
          () => inHand.delete(key),
          () => {},
        );
        return confirmed;
      },
    });
  }
}

function asInterruption(reason: unknown): { interruption: unknown } {
  return { interruption: reason ?? new Error('The connection to NATS was closed.') };
}

/** `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<time>.<pending>`. */
function deliveryOf(reply: string): { sequence: number; deliveryCount: number } {
  const [, , , , deliveryCount, sequence] = reply.split('.').map(Number);
  if (!Number.isSafeInteger(sequence) || sequence === undefined || deliveryCount === undefined) {
    throw new Error('An event has no address to confirm it.');
  }
  return { sequence, deliveryCount };
}
