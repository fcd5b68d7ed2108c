import { serviceOwnerLabelView } from '@dialog/contracts/dialog-view';
import type { Database } from '@dialog/database/open';
import { createRoute, z } from '@hono/zod-openapi';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { jsonResponse } from '../json-response.ts';
import { byServiceOwner, dialogIdInPath, okWithRevision, problemResponses } from '../openapi.ts';
import { invalid, notFound } from '../problem-response.ts';
import { findServiceOwnerLabels } from '../read-labels.ts';
import { pathId } from '../request-parameters.ts';

const route = createRoute({
  ...byServiceOwner,
  method: 'get',
  path: `${serviceOwnerPath}/dialogs/{dialogId}/context/labels`,
  operationId: 'GetServiceOwnerLabels',
  summary: "Read the service owner's labels of a dialog",
  description: 'The ETag is the revision of the labels, which is not that of the dialog.',
  parameters: [dialogIdInPath],
  responses: {
    200: okWithRevision(z.array(serviceOwnerLabelView), 'In order of their values.', 'The revision of the labels.'),
    ...problemResponses(400, 404),
  },
});

export function registerGetServiceOwnerLabels(app: GatewayApp, { db }: { db: Database }): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), async (c) => {
    const dialogId = pathId(c, 'dialogId');
    if (!dialogId.ok) return invalid(c, dialogId.errors);
    const found = await findServiceOwnerLabels(db, dialogId.value, c.get('serviceOwner').org);
    if (found === undefined) return notFound(c, 'DialogEntity', dialogId.value);
    const labels = found.serviceOwnerLabels.map((value) => ({ value }));
    return jsonResponse(labels, 200, { ETag: found.serviceOwnerContextRevision });
  });
}
