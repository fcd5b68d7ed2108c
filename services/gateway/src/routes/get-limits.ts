import { limitsView } from '@dialog/contracts/metadata-view';
import { searchLimits } from '@dialog/contracts/search-limits';
import { createRoute } from '@hono/zod-openapi';
import { jsonAccepted } from '../accepts-json.ts';
import { type GatewayApp, metadataPath } from '../gateway-app.ts';
import { jsonResponse } from '../json-response.ts';
import { anonymousResponses, byAnybody, ok } from '../openapi.ts';

const route = createRoute({
  ...byAnybody,
  method: 'get',
  path: `${metadataPath}/limits`,
  operationId: 'GetLimits',
  summary: 'Read how many values a search may name',
  responses: { 200: ok(limitsView, 'The limits in force.'), ...anonymousResponses(406) },
});

export function registerGetLimits(app: GatewayApp): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), jsonAccepted(), () => jsonResponse(searchLimits, 200));
}
