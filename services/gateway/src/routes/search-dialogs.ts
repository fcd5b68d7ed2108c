import type { ListAuthorizations } from '@dialog/access/list-authorization';
import type { AuthenticationLevels } from '@dialog/access/platform/authentication-levels';
import { scopes } from '@dialog/access/service-owner';
import { dialogListItem as itemSchema, pageOf } from '@dialog/contracts/dialog-list-view';
import { problemOf } from '@dialog/contracts/problem';
import type { Timestamp } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import { createRoute } from '@hono/zod-openapi';
import { requireScope } from '../authentication.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { jsonResponse } from '../json-response.ts';
import { byServiceOwner, ok, problemResponses } from '../openapi.ts';
import { invalid, problemResponse } from '../problem-response.ts';
import { endUserId } from '../request-parameters.ts';
import { searchParameters } from '../search/documentation.ts';
import type { DialogFilter, Reach } from '../search/filter.ts';
import { listDialogs } from '../search/list-dialogs.ts';
import { dialogListItem, findSensitiveResources } from '../search/list-item.ts';
import { printOrder, printToken } from '../search/order.ts';
import { readSearchRequest } from '../search/read-request.ts';

const route = createRoute({
  ...byServiceOwner,
  method: 'get',
  path: `${serviceOwnerPath}/dialogs`,
  operationId: 'SearchDialogs',
  summary: 'Search for dialogs of the own organisation',
  description: `Needs the scope \`${scopes.search}\` in addition.`,
  parameters: searchParameters,
  responses: { 200: ok(pageOf(itemSchema).openapi('DialogPage'), 'A page of them.'), ...problemResponses(400, 422) },
});

export const tooBroad = { Search: ['Too many dialogs have these words. Search for more words, or filter by more.'] };

export type SearchDeps = {
  db: Database;
  lists: Pick<ListAuthorizations, 'listAuthorization'>;
  authenticationLevels: AuthenticationLevels;
  now: () => Timestamp;
};

export function registerSearchDialogs(app: GatewayApp, deps: SearchDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), requireScope(scopes.search), async (c) => {
    const onBehalfOf = endUserId(c);
    if (!onBehalfOf.ok) return invalid(c, onBehalfOf.errors);
    const { org } = c.get('serviceOwner');
    const request = readSearchRequest(c.req.url, { org, endUserId: onBehalfOf.value });
    if (!request.ok) return invalid(c, request.errors);
    const { page, token } = request.value;
    if (onBehalfOf.value !== null) page.filter.reach = await reachOf(deps, onBehalfOf.value, page.filter);

    const found = await listDialogs(deps.db, page);
    if (found === 'too-broad') return problemResponse(c, problemOf(422, tooBroad));
    const sensitiveResources = await findSensitiveResources(deps.authenticationLevels, found.items);
    const last = found.items.at(-1);
    return jsonResponse(
      {
        items: found.items.map((dialog) => dialogListItem(dialog, { endUserId: onBehalfOf.value, sensitiveResources })),
        hasNextPage: found.hasNextPage,
        continuationToken: last === undefined ? token : printToken(page.order, last),
        orderBy: printOrder(page.order),
      },
      200,
    );
  });
}

/** What of the dialogs that are asked for the end user may see now. */
export async function reachOf({ lists, now }: SearchDeps, caller: string, filter: DialogFilter): Promise<Reach> {
  const { parties, serviceResources: resources } = filter;
  return { at: now(), ...(await lists.listAuthorization({ caller, parties, resources })) };
}
