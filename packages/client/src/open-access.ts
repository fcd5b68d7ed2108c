import type {
  OpenPartySubscriptionInput,
  OpenSubscriptionInput,
  SubscriptionAccess,
} from '@dialog/contracts/event-subscription';
import { type EventFilter, servedFilter } from './event-filter.ts';

/** Where a subscription begins that is not there yet. */
export type Start = { time: string } | { sequence: number };

export type Access = SubscriptionAccess;

export type AccessRequest = {
  url: string;
  token: () => string | Promise<string>;
  name: string;
  party?: string | undefined;
  from?: Start | undefined;
  filter?: EventFilter | undefined;
};

/** The service will not let the subscriber in, and asking again would not help. */
export class SubscriptionRefused extends Error {
  override name = 'SubscriptionRefused';
  readonly status: number;
  /** The answer's body, an RFC 9457 problem as a rule. */
  readonly body: string;

  constructor(status: number, body: string) {
    super(`The subscription was refused with status ${status}. ${body}`);
    this.status = status;
    this.body = body;
  }
}

/** What asking again may help against: too early, too often. All other 4xx say that the request is wrong. */
const passing = [408, 425, 429];
const timeoutMs = 15_000;

/**
 * Exchanges an access token for credentials on NATS.
 *
 * @throws SubscriptionRefused, and whatever else for what may pass
 */
export async function openAccess(request: AccessRequest, signal: AbortSignal): Promise<Access> {
  const { url, token, name, party, from, filter } = request;
  const audience = party === undefined ? 'serviceowner' : 'enduser';
  const subscription: OpenSubscriptionInput = {
    name,
    ...(from && { from }),
    ...(filter && { filter: servedFilter(filter) }),
  };
  const body: OpenSubscriptionInput | OpenPartySubscriptionInput =
    party === undefined ? subscription : { party, ...subscription };
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const bearer = await Promise.race([token(), abortOf(limit)]);
  const response = await fetch(`${url.replace(/\/+$/, '')}/api/v1/${audience}/events/subscriptions`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    signal: limit,
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  const isFinal = response.status >= 400 && response.status < 500 && !passing.includes(response.status);
  throw isFinal ? new SubscriptionRefused(response.status, text) : new Error(`Status ${response.status}. ${text}`);
}

/** Rejects when the signal is given: a source of tokens may never answer, and takes no signal. */
function abortOf(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal.aborted) reject(signal.reason);
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  // It is given at some time, when nobody may be waiting any more.
  promise.catch(() => {});
  return promise;
}
