import { openSubscriptionBody, subscriptionAccess } from '@dialog/contracts/event-subscription';
import { validateOpenSubscription } from '@dialog/contracts/validate';
import { createRoute } from '@hono/zod-openapi';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { byServiceOwner, jsonBody, ok, problemResponses } from '../openapi.ts';
import {
  filteredBy,
  openSubscription,
  ownerSubscriber,
  readSubscription,
  type SubscriptionDeps,
} from '../subscription-request.ts';

const route = createRoute({
  ...byServiceOwner,
  method: 'post',
  path: `${serviceOwnerPath}/events/subscriptions`,
  operationId: 'OpenEventSubscription',
  summary: 'Subscribe to the events of the own dialogs',
  description:
    'Opens a subscription, or one that is there again, and lets its reader into NATS for some minutes. Ask again before ' +
    'they are over. Events that were confirmed under the name do not come again.',
  request: { body: jsonBody(openSubscriptionBody, { name: 'case-sync', from: { sequence: 1 } }) },
  responses: { 200: ok(subscriptionAccess, 'How to get in.'), ...problemResponses(400, 413, 415, 422) },
});

export function registerOpenEventSubscription(app: GatewayApp, deps: SubscriptionDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.post(route.getRoutingPath(), async (c) => {
    const request = await readSubscription(c, deps, validateOpenSubscription);
    if (!request.ok) return request.response;
    const { org } = c.get('serviceOwner');
    const topics = [{ audience: 'owner' as const, org, ...filteredBy(request.value) }];
    return openSubscription(c, deps, ownerSubscriber(org), request.value, topics);
  });
}
