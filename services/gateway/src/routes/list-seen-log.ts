import { seenLogView as itemSchema } from '@dialog/contracts/dialog-view';
import type { Database } from '@dialog/database/open';
import * as seenLog from '@dialog/database/tables/seen-log';
import { createRoute, z } from '@hono/zod-openapi';
import { readListRequest } from '../child-request.ts';
import { read } from '../database-reads.ts';
import { seenLogView } from '../dialog-view.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { jsonResponse } from '../json-response.ts';
import { byServiceOwner, dialogIdInPath, ok, problemResponses } from '../openapi.ts';

const route = createRoute({
  ...byServiceOwner,
  method: 'get',
  path: `${serviceOwnerPath}/dialogs/{dialogId}/seenlog`,
  operationId: 'SearchDialogSeenLogs',
  summary: 'Read who has opened a dialog',
  parameters: [dialogIdInPath],
  responses: { 200: ok(z.array(itemSchema), 'All visits, oldest first.'), ...problemResponses(400, 404, 410) },
});

export function registerListSeenLog(app: GatewayApp, { db }: { db: Database }): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), async (c) => {
    const request = await readListRequest(c, db);
    if (!request.ok) return request.response;
    const oldestFirst = await read(() => seenLog.list(db, request.dialogId));
    return jsonResponse(oldestFirst.map(seenLogView), 200);
  });
}
