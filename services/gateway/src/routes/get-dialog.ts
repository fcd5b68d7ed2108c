import { dialogView as dialogViewSchema } from '@dialog/contracts/dialog-view';
import type { Database } from '@dialog/database/open';
import { createRoute } from '@hono/zod-openapi';
import { dialogView } from '../dialog-view.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { jsonResponse } from '../json-response.ts';
import { byServiceOwner, dialogIdInPath, ok, problemResponses } from '../openapi.ts';
import { invalid, notFound } from '../problem-response.ts';
import { readDialog } from '../read-dialog.ts';
import { endUserId, errorsOf, pathId } from '../request-parameters.ts';

const route = createRoute({
  ...byServiceOwner,
  method: 'get',
  path: `${serviceOwnerPath}/dialogs/{dialogId}`,
  operationId: 'GetDialog',
  summary: 'Read a dialog with everything in it',
  description: 'A deleted dialog is there too, with `deletedAt`.',
  parameters: [dialogIdInPath],
  responses: { 200: ok(dialogViewSchema, 'The dialog.'), ...problemResponses(400, 404) },
});

/** What the person may see, the decision point would have to be asked. Rather no answer than one that shows too much. */
const impersonation = { EndUserId: ['This service does not read dialogs on behalf of an end user.'] };

export function registerGetDialog(app: GatewayApp, { db }: { db: Database }): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), async (c) => {
    const dialogId = pathId(c, 'dialogId');
    const onBehalfOf = endUserId(c);
    if (!dialogId.ok || !onBehalfOf.ok) return invalid(c, errorsOf(dialogId, onBehalfOf));
    if (onBehalfOf.value !== null) return invalid(c, impersonation);
    const whole = await readDialog(db, dialogId.value, c.get('serviceOwner'));
    if (whole === undefined) return notFound(c, 'DialogEntity', dialogId.value);
    return jsonResponse(dialogView(whole), 200, { ETag: whole.dialog.revision });
  });
}
