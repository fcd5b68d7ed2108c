import { seenLogView as seenLogViewSchema } from '@dialog/contracts/dialog-view';
import type { Database } from '@dialog/database/open';
import * as seenLog from '@dialog/database/tables/seen-log';
import { createRoute } from '@hono/zod-openapi';
import { readChildRequest } from '../child-request.ts';
import { read } from '../database-reads.ts';
import { seenLogView } from '../dialog-view.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { jsonResponse } from '../json-response.ts';
import { byServiceOwner, dialogIdInPath, idInPath, ok, problemResponses } from '../openapi.ts';
import { notFound } from '../problem-response.ts';

const route = createRoute({
  ...byServiceOwner,
  method: 'get',
  path: `${serviceOwnerPath}/dialogs/{dialogId}/seenlog/{seenLogId}`,
  operationId: 'GetDialogSeenLog',
  summary: 'Read one visit',
  parameters: [dialogIdInPath, idInPath('seenLogId', 'The visit.')],
  responses: { 200: ok(seenLogViewSchema, 'The visit.'), ...problemResponses(400, 404, 410) },
});

export function registerGetSeenLog(app: GatewayApp, { db }: { db: Database }): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), async (c) => {
    const request = await readChildRequest(c, db, 'seenLogId');
    if (!request.ok) return request.response;
    const visit = await read(() => seenLog.find(db, request.dialogId, request.id));
    if (visit === undefined) return notFound(c, 'DialogSeenLog', request.id);
    return jsonResponse(seenLogView(visit), 200);
  });
}
