import {
  type EventTopic,
  isSubscriptionName,
  type OpenedSubscription,
  type OpenSubscriptionBody,
} from '@dialog/contracts/event-subscription';
import { problemOf } from '@dialog/contracts/problem';
import type { Validated } from '@dialog/contracts/validate';
import type { EventSubscriptions } from './event-subscriptions.ts';
import type { GatewayContext } from './gateway-app.ts';
import { jsonResponse } from './json-response.ts';
import { notFound, problemResponse } from './problem-response.ts';
import { type BodyLimits, readJson } from './read-json.ts';

/** What the routes of subscriptions need. */
export type SubscriptionDeps = { subscriptions: EventSubscriptions; limits: BodyLimits };

/** Reads the body with which somebody subscribes, or answers what is wrong with it. */
export async function readSubscription<Body>(
  c: GatewayContext,
  { limits }: Pick<SubscriptionDeps, 'limits'>,
  validate: (body: unknown) => Validated<Body>,
): Promise<{ ok: true; value: Body } | { ok: false; response: Response }> {
  const body = await readJson(c, limits);
  if (!body.ok) return { ok: false, response: problemResponse(c, body.problem) };
  const validated = validate(body.value);
  if (validated.ok) return validated;
  return { ok: false, response: problemResponse(c, problemOf(400, validated.errors)) };
}

/** What the filter of a body leaves of what a topic may be about. */
export function filteredBy({ filter }: Pick<OpenSubscriptionBody, 'filter'>) {
  return filter ?? { serviceResource: null, type: null, dialogId: null };
}

/**
 * Opens a subscription and answers with how to get in. Nobody may keep the answer: it has a secret key in it.
 *
 * @throws SubscriptionsUnavailable
 */
export async function openSubscription(
  c: GatewayContext,
  { subscriptions }: Pick<SubscriptionDeps, 'subscriptions'>,
  subscriber: string,
  { name, from }: Pick<OpenSubscriptionBody, 'name' | 'from'>,
  topics: EventTopic[],
): Promise<Response> {
  const opened: Exclude<OpenedSubscription, { kind: 'failed' }> = await subscriptions.open({
    ...{ subscriber, name, from, topics },
  });
  switch (opened.kind) {
    case 'opened':
      return jsonResponse(opened.access, 200, { 'Cache-Control': 'no-store' });
    case 'too-many-consumers': {
      const message = `Of one subscriber there may be ${opened.consumersMax} consumers: fewer services, or remove others.`;
      return problemResponse(c, problemOf(422, { Subscription: [message] }));
    }
  }
}

/**
 * Removes the subscription that the path names.
 *
 * @throws SubscriptionsUnavailable
 */
export async function removeSubscription(
  c: GatewayContext,
  { subscriptions }: Pick<SubscriptionDeps, 'subscriptions'>,
  subscriber: string,
): Promise<Response> {
  const name = pathName(c);
  const isThere = isSubscriptionName(name) && (await subscriptions.remove({ subscriber, name }));
  return isThere ? new Response(null, { status: 204 }) : notFound(c, 'Subscription', name);
}

/** Paths are matched in lower case; a name keeps its casing. What would have to be decoded is no name. */
function pathName(c: GatewayContext): string {
  return new URL(c.req.url).pathname.split('/').at(-1) ?? '';
}

/** Who a service owner is to the event-relay. */
export function ownerSubscriber(org: string): string {
  return `owner ${org}`;
}

/** Who an end user is to the event-relay: somebody else at each party. */
export function partySubscriber(endUserId: string, party: string): string {
  return `${endUserId} at ${party}`;
}
