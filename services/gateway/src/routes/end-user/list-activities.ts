import { endUserActivityListItem as itemSchema } from '@dialog/contracts/end-user-view';
import * as activities from '@dialog/database/tables/activities';
import { createRoute, z } from '@hono/zod-openapi';
import { requestedLanguages } from '../../accepted-languages.ts';
import { read } from '../../database-reads.ts';
import { activityView } from '../../dialog-view.ts';
import { accessDialog, type EndUserAccessDeps } from '../../end-user-access.ts';
import { endUserActivityListItem } from '../../end-user-view.ts';
import { endUserPath, type GatewayApp } from '../../gateway-app.ts';
import { jsonResponse } from '../../json-response.ts';
import { acceptLanguageHeader, byEndUser, dialogIdInPath, ok, problemResponses } from '../../openapi.ts';
import { invalid } from '../../problem-response.ts';
import { errorsOf, pathId } from '../../request-parameters.ts';

const route = createRoute({
  ...byEndUser,
  method: 'get',
  path: `${endUserPath}/dialogs/{dialogId}/activities`,
  operationId: 'SearchDialogActivities',
  summary: 'Read all activities of a dialog',
  parameters: [dialogIdInPath, acceptLanguageHeader],
  responses: { 200: ok(z.array(itemSchema), 'Oldest first.'), ...problemResponses(400, 404, 410) },
});

export function registerReadActivities(app: GatewayApp, deps: EndUserAccessDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), async (c) => {
    const dialogId = pathId(c, 'dialogId');
    const languages = requestedLanguages(c);
    if (!dialogId.ok || !languages.ok) return invalid(c, errorsOf(dialogId, languages));
    const access = await accessDialog(c, deps, dialogId.value);
    if (!access.ok) return access.response;
    const found = await read(() => activities.list(deps.db, dialogId.value));
    const reader = { languages: languages.value };
    return jsonResponse(
      found.map((activity) => endUserActivityListItem(activityView(activity), reader)),
      200,
    );
  });
}
