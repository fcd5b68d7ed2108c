import { dialogSeenLogView as itemSchema } from '@dialog/contracts/dialog-view';
import * as seenLog from '@dialog/database/tables/seen-log';
import { createRoute, z } from '@hono/zod-openapi';
import { read } from '../../database-reads.ts';
import { accessDialog, type EndUserAccessDeps } from '../../end-user-access.ts';
import { type EndUserViewDeps, endUserSeenLogView } from '../../end-user-view.ts';
import { endUserPath, type GatewayApp } from '../../gateway-app.ts';
import { jsonResponse } from '../../json-response.ts';
import { byEndUser, dialogIdInPath, ok, problemResponses } from '../../openapi.ts';
import { invalid } from '../../problem-response.ts';
import { pathId } from '../../request-parameters.ts';

const route = createRoute({
  ...byEndUser,
  method: 'get',
  path: `${endUserPath}/dialogs/{dialogId}/seenlog`,
  operationId: 'SearchDialogSeenLogs',
  summary: 'Read who has opened a dialog',
  parameters: [dialogIdInPath],
  responses: { 200: ok(z.array(itemSchema), 'All visits, oldest first.'), ...problemResponses(400, 404, 410) },
});

export function registerReadSeenLog(app: GatewayApp, deps: EndUserAccessDeps & EndUserViewDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), async (c) => {
    const dialogId = pathId(c, 'dialogId');
    if (!dialogId.ok) return invalid(c, dialogId.errors);
    const access = await accessDialog(c, deps, dialogId.value);
    if (!access.ok) return access.response;
    const visits = await read(() => seenLog.list(deps.db, dialogId.value));
    const { id } = c.get('endUser');
    return jsonResponse(
      visits.map((visit) => endUserSeenLogView(visit, id, deps)),
      200,
    );
  });
}
