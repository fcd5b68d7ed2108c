import { activityView as activityViewSchema } from '@dialog/contracts/dialog-view';
import * as activities from '@dialog/database/tables/activities';
import { createRoute } from '@hono/zod-openapi';
import { requestedLanguages } from '../../accepted-languages.ts';
import { read } from '../../database-reads.ts';
import { activityView } from '../../dialog-view.ts';
import { accessDialog, type EndUserAccessDeps } from '../../end-user-access.ts';
import { type EndUserViewDeps, endUserActivityView } from '../../end-user-view.ts';
import { endUserPath, type GatewayApp } from '../../gateway-app.ts';
import { jsonResponse } from '../../json-response.ts';
import { acceptLanguageHeader, byEndUser, dialogIdInPath, idInPath, ok, problemResponses } from '../../openapi.ts';
import { invalid, notFound } from '../../problem-response.ts';
import { errorsOf, pathId } from '../../request-parameters.ts';

const route = createRoute({
  ...byEndUser,
  method: 'get',
  path: `${endUserPath}/dialogs/{dialogId}/activities/{activityId}`,
  operationId: 'GetDialogActivity',
  summary: 'Read one activity',
  parameters: [dialogIdInPath, idInPath('activityId', 'The activity.'), acceptLanguageHeader],
  responses: { 200: ok(activityViewSchema, 'The activity.'), ...problemResponses(400, 404, 410) },
});

export function registerReadActivity(app: GatewayApp, deps: EndUserAccessDeps & EndUserViewDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), async (c) => {
    const dialogId = pathId(c, 'dialogId');
    const id = pathId(c, 'activityId');
    const languages = requestedLanguages(c);
    if (!dialogId.ok || !id.ok || !languages.ok) return invalid(c, errorsOf(dialogId, id, languages));
    const access = await accessDialog(c, deps, dialogId.value);
    if (!access.ok) return access.response;
    const found = await read(() => activities.find(deps.db, dialogId.value, id.value));
    if (found === undefined) return notFound(c, 'DialogActivity', id.value);
    const reader = { languages: languages.value, actorSalt: deps.actorSalt };
    return jsonResponse(endUserActivityView(activityView(found), reader), 200);
  });
}
