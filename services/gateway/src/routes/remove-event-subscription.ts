import { createRoute } from '@hono/zod-openapi';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { byServiceOwner, problemResponses, subscriptionNameInPath } from '../openapi.ts';
import { ownerSubscriber, removeSubscription, type SubscriptionDeps } from '../subscription-request.ts';

const route = createRoute({
  ...byServiceOwner,
  method: 'delete',
  path: `${serviceOwnerPath}/events/subscriptions/{name}`,
  operationId: 'RemoveEventSubscription',
  summary: 'Remove a subscription to events',
  description: 'With what it knows of confirmations. One that nobody opens for a week goes by itself.',
  parameters: [subscriptionNameInPath],
  responses: { 204: { description: 'Removed.' }, ...problemResponses(404) },
});

export function registerRemoveEventSubscription(app: GatewayApp, deps: SubscriptionDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.delete(route.getRoutingPath(), (c) => removeSubscription(c, deps, ownerSubscriber(c.get('serviceOwner').org)));
}
