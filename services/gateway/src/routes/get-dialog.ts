import { dialogView as dialogViewSchema } from '@dialog/contracts/dialog-view';
import { createRoute } from '@hono/zod-openapi';
import { type AuthorizationDeps, readAuthorization } from '../authorization-state.ts';
import { authorizedView } from '../authorized-view.ts';
import { dialogView } from '../dialog-view.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { jsonResponse } from '../json-response.ts';
import { type OpenDialogDeps, openDialog } from '../open-dialog.ts';
import { byServiceOwner, dialogIdInPath, endUserIdQuery, okWithRevision, problemResponses } from '../openapi.ts';
import { invalid, notFound, problemResponse } from '../problem-response.ts';
import { readDialog } from '../read-dialog.ts';
import { endUserId, errorsOf, pathId } from '../request-parameters.ts';

const route = createRoute({
  ...byServiceOwner,
  method: 'get',
  path: `${serviceOwnerPath}/dialogs/{dialogId}`,
  operationId: 'GetDialog',
  summary: 'Read a dialog with everything in it',
  description:
    'A deleted dialog is there too, with `deletedAt`. `authorization` tells which of its actions nobody may ever take. On behalf of an end user it is read as far as that person may ' +
    'see it: parts tell whether the person may use them, and the visit is recorded.',
  parameters: [dialogIdInPath, endUserIdQuery],
  responses: {
    200: okWithRevision(dialogViewSchema, 'The dialog.', 'The revision of the dialog.'),
    ...problemResponses(400, 404),
  },
});

export function registerGetDialog(app: GatewayApp, deps: OpenDialogDeps & AuthorizationDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), async (c) => {
    const dialogId = pathId(c, 'dialogId');
    const onBehalfOf = endUserId(c);
    if (!dialogId.ok || !onBehalfOf.ok) return invalid(c, errorsOf(dialogId, onBehalfOf));
    const person = onBehalfOf.value;
    if (person === null) {
      const whole = await readDialog(deps.db, dialogId.value, c.get('serviceOwner'));
      if (whole === undefined) return notFound(c, 'DialogEntity', dialogId.value);
      const authorization = await readAuthorization(deps, whole);
      return jsonResponse({ ...dialogView(whole), authorization }, 200, { ETag: whole.dialog.revision });
    }
    const opened = await openDialog(c, deps, dialogId.value, person);
    if (opened === undefined) return notFound(c, 'DialogEntity', dialogId.value);
    if ('problem' in opened) return problemResponse(c, opened.problem);
    const { whole, permissions } = opened;
    return jsonResponse(authorizedView(dialogView(whole, person), permissions), 200, { ETag: whole.dialog.revision });
  });
}
