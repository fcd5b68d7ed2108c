import { activityView as activityViewSchema } from '@dialog/contracts/dialog-view';
import type { Database } from '@dialog/database/open';
import * as activities from '@dialog/database/tables/activities';
import { createRoute } from '@hono/zod-openapi';
import { readChildRequest } from '../child-request.ts';
import { read } from '../database-reads.ts';
import { activityView } from '../dialog-view.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { jsonResponse } from '../json-response.ts';
import { byServiceOwner, dialogIdInPath, idInPath, ok, problemResponses } from '../openapi.ts';
import { notFound } from '../problem-response.ts';

const route = createRoute({
  ...byServiceOwner,
  method: 'get',
  path: `${serviceOwnerPath}/dialogs/{dialogId}/activities/{activityId}`,
  operationId: 'GetDialogActivity',
  summary: 'Read one activity',
  parameters: [dialogIdInPath, idInPath('activityId', 'The activity.')],
  responses: { 200: ok(activityViewSchema, 'The activity.'), ...problemResponses(400, 404, 410) },
});

export function registerGetActivity(app: GatewayApp, { db }: { db: Database }): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), async (c) => {
    const request = await readChildRequest(c, db, 'activityId');
    if (!request.ok) return request.response;
    const activity = await read(() => activities.find(db, request.dialogId, request.id));
    if (activity === undefined) return notFound(c, 'DialogActivity', request.id);
    return jsonResponse(activityView(activity), 200);
  });
}
