import { scopes } from '@dialog/access/service-owner';
import { type EndUserContextItem, endUserContextItem as itemSchema, pageOf } from '@dialog/contracts/dialog-list-view';
import type { Database } from '@dialog/database/open';
import { createRoute } from '@hono/zod-openapi';
import { requireScope } from '../authentication.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { jsonResponse } from '../json-response.ts';
import { byServiceOwner, ok, problemResponses } from '../openapi.ts';
import { invalid } from '../problem-response.ts';
import { endUserContextParameters } from '../search/documentation.ts';
import { type ListedContext, listEndUserContexts } from '../search/list-end-user-contexts.ts';
import { printOrder, printToken } from '../search/order.ts';
import { readEndUserContextRequest } from '../search/read-request.ts';

const route = createRoute({
  ...byServiceOwner,
  method: 'get',
  path: `${serviceOwnerPath}/dialogs/endusercontext`,
  operationId: 'SearchDialogEndUserContexts',
  summary: 'List where end users have put the dialogs of parties',
  description: `For synchronisation: deleted dialogs are there too. Needs the scope \`${scopes.search}\` in addition.`,
  parameters: endUserContextParameters,
  responses: { 200: ok(pageOf(itemSchema).openapi('EndUserContextPage'), 'A page of them.'), ...problemResponses(400) },
});

export function registerSearchEndUserContexts(app: GatewayApp, { db }: { db: Database }): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), requireScope(scopes.search), async (c) => {
    const request = readEndUserContextRequest(c.req.url, c.get('serviceOwner').org);
    if (!request.ok) return invalid(c, request.errors);
    const { page } = request.value;
    const { items, hasNextPage } = await listEndUserContexts(db, page);
    const last = items.at(-1);
    return jsonResponse(
      {
        items: items.map(itemOf),
        hasNextPage,
        continuationToken: last === undefined || !hasNextPage ? undefined : printToken(page.order, last),
        orderBy: printOrder(page.order),
      },
      200,
    );
  });
}

function itemOf({ id, endUserContextRevision, systemLabels }: ListedContext): EndUserContextItem {
  return { dialogId: id, endUserContextRevision, systemLabels };
}
