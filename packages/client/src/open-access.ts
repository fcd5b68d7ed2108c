import type { CloudEventType } from '@dialog/contracts/cloud-event-type';
import type {
  OpenPartySubscriptionInput,
  OpenSubscriptionInput,
  SubscriptionAccess,
} from '@dialog/contracts/event-subscription';

/** Where a subscription begins that is not there yet. */
export type Start = { time: string } | { sequence: number };

/** Which events; what is left out may be anything. */
export type EventFilter = { serviceResource?: string; type?: CloudEventType; dialogId?: string };

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
  const subscription: OpenSubscriptionInput = { name, ...(from && { from }), ...(filter && { filter }) };
  const body: OpenSubscriptionInput | OpenPartySubscriptionInput =
    party === undefined ? subscription : { party, ...subscription };
  const response = await fetch(`${url.replace(/\/+$/, '')}/api/v1/${audience}/events/subscriptions`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await token()}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  const isFinal = response.status >= 400 && response.status < 500 && !passing.includes(response.status);
  throw isFinal ? new SubscriptionRefused(response.status, text) : new Error(`Status ${response.status}. ${text}`);
}
