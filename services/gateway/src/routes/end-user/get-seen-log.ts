import { dialogSeenLogView } from '@dialog/contracts/dialog-view';
import * as seenLog from '@dialog/database/tables/seen-log';
import { createRoute } from '@hono/zod-openapi';
import { read } from '../../database-reads.ts';
import { accessDialog, type EndUserAccessDeps } from '../../end-user-access.ts';
import { type EndUserViewDeps, endUserSeenLogView } from '../../end-user-view.ts';
import { endUserPath, type GatewayApp } from '../../gateway-app.ts';
import { jsonResponse } from '../../json-response.ts';
import { byEndUser, dialogIdInPath, idInPath, ok, problemResponses } from '../../openapi.ts';
import { invalid, notFound } from '../../problem-response.ts';
import { errorsOf, pathId } from '../../request-parameters.ts';

const route = createRoute({
  ...byEndUser,
  method: 'get',
  path: `${endUserPath}/dialogs/{dialogId}/seenlog/{seenLogId}`,
  operationId: 'GetDialogSeenLog',
  summary: 'Read one visit',
  parameters: [dialogIdInPath, idInPath('seenLogId', 'The visit.')],
  responses: { 200: ok(dialogSeenLogView, 'The visit.'), ...problemResponses(400, 404, 410) },
});

export function registerReadVisit(app: GatewayApp, deps: EndUserAccessDeps & EndUserViewDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), async (c) => {
    const dialogId = pathId(c, 'dialogId');
    const id = pathId(c, 'seenLogId');
    if (!dialogId.ok || !id.ok) return invalid(c, errorsOf(dialogId, id));
    const visit = await read(() => seenLog.find(deps.db, dialogId.value, id.value));
    const missing = visit === undefined ? { entity: 'DialogSeenLog', id: id.value } : undefined;
    const access = await accessDialog(c, deps, dialogId.value, { missing });
    if (!access.ok) return access.response;
    if (visit === undefined) return notFound(c, 'DialogSeenLog', id.value);
    return jsonResponse(endUserSeenLogView(visit, c.get('endUser').id, deps), 200);
  });
}
