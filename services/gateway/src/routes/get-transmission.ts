import { transmissionView as transmissionViewSchema } from '@dialog/contracts/dialog-view';
import type { Database } from '@dialog/database/open';
import * as transmissions from '@dialog/database/tables/transmissions';
import { createRoute } from '@hono/zod-openapi';
import { readChildRequest } from '../child-request.ts';
import { read } from '../database-reads.ts';
import { transmissionView } from '../dialog-view.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { jsonResponse } from '../json-response.ts';
import { byServiceOwner, dialogIdInPath, idInPath, ok, problemResponses } from '../openapi.ts';
import { notFound } from '../problem-response.ts';

const route = createRoute({
  ...byServiceOwner,
  method: 'get',
  path: `${serviceOwnerPath}/dialogs/{dialogId}/transmissions/{transmissionId}`,
  operationId: 'GetDialogTransmission',
  summary: 'Read one transmission',
  parameters: [dialogIdInPath, idInPath('transmissionId', 'The transmission.')],
  responses: { 200: ok(transmissionViewSchema, 'The transmission.'), ...problemResponses(400, 404, 410) },
});

export function registerGetTransmission(app: GatewayApp, { db }: { db: Database }): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), async (c) => {
    const request = await readChildRequest(c, db, 'transmissionId');
    if (!request.ok) return request.response;
    const transmission = await read(() => transmissions.find(db, request.dialogId, request.id));
    if (transmission === undefined) return notFound(c, 'DialogTransmission', request.id);
    return jsonResponse(transmissionView(transmission), 200);
  });
}
