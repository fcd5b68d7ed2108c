import { parseParty } from '@dialog/contracts/party';
import { createRoute } from '@hono/zod-openapi';
import { endUserPath, type GatewayApp } from '../../gateway-app.ts';
import { byEndUser, problemResponses, subscriptionNameInPath } from '../../openapi.ts';
import { invalid } from '../../problem-response.ts';
import { queryValue } from '../../request-parameters.ts';
import { partySubscriber, removeSubscription, type SubscriptionDeps } from '../../subscription-request.ts';

const route = createRoute({
  ...byEndUser,
  method: 'delete',
  path: `${endUserPath}/events/subscriptions/{name}`,
  operationId: 'RemoveEventSubscription',
  summary: 'Remove a subscription to events',
  description: 'With what it knows of confirmations. One that nobody opens for a week goes by itself.',
  parameters: [
    subscriptionNameInPath,
    {
      ...{ name: 'party', in: 'query', required: true, description: 'The party that it is to.' },
      schema: { type: 'string' },
    },
  ],
  responses: { 204: { description: 'Removed.' }, ...problemResponses(400, 404) },
});

export function registerRemovePartyEventSubscription(app: GatewayApp, deps: SubscriptionDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.delete(route.getRoutingPath(), (c) => {
    const party = parseParty(queryValue(c, 'party') ?? '');
    if (party === undefined) return invalid(c, { party: ['Not the identifier of a person or an organisation.'] });
    return removeSubscription(c, deps, partySubscriber(c.get('endUser').id, party));
  });
}
