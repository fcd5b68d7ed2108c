import { labelAssignmentView as itemSchema } from '@dialog/contracts/end-user-view';
import * as labelLog from '@dialog/database/tables/label-log';
import { createRoute, z } from '@hono/zod-openapi';
import { read } from '../../database-reads.ts';
import { accessDialog, type EndUserAccessDeps } from '../../end-user-access.ts';
import { type EndUserViewDeps, labelAssignmentView } from '../../end-user-view.ts';
import { endUserPath, type GatewayApp } from '../../gateway-app.ts';
import { jsonResponse } from '../../json-response.ts';
import { byEndUser, dialogIdInPath, ok, problemResponses } from '../../openapi.ts';
import { invalid } from '../../problem-response.ts';
import { pathId } from '../../request-parameters.ts';

const route = createRoute({
  ...byEndUser,
  method: 'get',
  path: `${endUserPath}/dialogs/{dialogId}/context/labellog`,
  operationId: 'SearchDialogLabelAssignmentLogs',
  summary: 'Read who has put labels on a dialog, and taken them off',
  parameters: [dialogIdInPath],
  responses: { 200: ok(z.array(itemSchema), 'Oldest first.'), ...problemResponses(400, 404) },
});

export function registerReadLabelLog(app: GatewayApp, deps: EndUserAccessDeps & EndUserViewDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), async (c) => {
    const dialogId = pathId(c, 'dialogId');
    if (!dialogId.ok) return invalid(c, dialogId.errors);
    const access = await accessDialog(c, deps, dialogId.value, { hidesDeleted: true });
    if (!access.ok) return access.response;
    const assignments = await read(() => labelLog.list(deps.db, dialogId.value));
    return jsonResponse(
      assignments.map((assignment) => labelAssignmentView(assignment, deps)),
      200,
    );
  });
}
