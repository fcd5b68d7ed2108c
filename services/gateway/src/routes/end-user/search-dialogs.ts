import { pageOf } from '@dialog/contracts/dialog-list-view';
import { endUserDialogListItem as itemSchema } from '@dialog/contracts/end-user-view';
import { problemOf } from '@dialog/contracts/problem';
import { createRoute } from '@hono/zod-openapi';
import { requestedLanguages } from '../../accepted-languages.ts';
import { type EndUserViewDeps, endUserListItem } from '../../end-user-view.ts';
import { endUserPath, type GatewayApp } from '../../gateway-app.ts';
import { jsonResponse } from '../../json-response.ts';
import { acceptLanguageHeader, byEndUser, ok, problemResponses } from '../../openapi.ts';
import { invalid, problemResponse } from '../../problem-response.ts';
import { errorsOf } from '../../request-parameters.ts';
import { endUserSearchParameters } from '../../search/documentation.ts';
import { listDialogs } from '../../search/list-dialogs.ts';
import { dialogListItem, findSensitiveResources } from '../../search/list-item.ts';
import { printOrder, printToken } from '../../search/order.ts';
import { readEndUserSearchRequest } from '../../search/read-request.ts';
import { reachOf, type SearchDeps, tooBroad } from '../search-dialogs.ts';

const route = createRoute({
  ...byEndUser,
  method: 'get',
  path: `${endUserPath}/dialogs`,
  operationId: 'SearchDialogs',
  summary: 'Search for dialogs',
  description:
    'Any right to a service is enough to be shown its dialogs. Texts that want a higher level of authentication than ' +
    'the reader has are replaced by those for others, where there are such.',
  parameters: [...endUserSearchParameters, acceptLanguageHeader],
  responses: {
    200: ok(pageOf(itemSchema).openapi('EndUserDialogPage'), 'A page of them.'),
    ...problemResponses(400, 422),
  },
});

export function registerFindDialogs(app: GatewayApp, deps: SearchDeps & EndUserViewDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), async (c) => {
    const request = readEndUserSearchRequest(c.req.url);
    const languages = requestedLanguages(c);
    if (!request.ok || !languages.ok) return invalid(c, errorsOf(request, languages));
    const { page, token } = request.value;
    const { id, authenticationLevel } = c.get('endUser');
    page.filter.reach = await reachOf(deps, id, page.filter);

    const found = await listDialogs(deps.db, page);
    if (found === 'too-broad') return problemResponse(c, problemOf(422, tooBroad));
    const sensitive = await findSensitiveResources(deps.authenticationLevels, found.items, authenticationLevel);
    const context = { endUserId: id, sensitiveResources: sensitive };
    const reader = { languages: languages.value, actorSalt: deps.actorSalt };
    const last = found.items.at(-1);
    return jsonResponse(
      {
        items: found.items.map((dialog) => endUserListItem(dialogListItem(dialog, context), reader)),
        hasNextPage: found.hasNextPage,
        continuationToken: last === undefined ? token : printToken(page.order, last),
        orderBy: printOrder(page.order),
      },
      200,
    );
  });
}
