import { createRoute } from '@hono/zod-openapi';
import { callerOf } from '../changes/change.ts';
import { deleteDialog } from '../changes/delete-dialog.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { changed, changeOfDialog, changeResponses } from '../openapi.ts';
import { invalid } from '../problem-response.ts';
import { readChangeParameters, submitPrepared, type WriteDeps } from '../submit-command.ts';

const route = createRoute({
  ...changeOfDialog,
  method: 'delete',
  path: `${serviceOwnerPath}/dialogs/{dialogId}`,
  operationId: 'DeleteDialog',
  summary: 'Delete a dialog',
  description: 'It stays readable to its service owner, and can be restored.',
  responses: { 204: changed, ...changeResponses },
});

export function registerDeleteDialog(app: GatewayApp, deps: WriteDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.delete(route.getRoutingPath(), async (c) => {
    const change = readChangeParameters(c);
    if (!change.ok) return invalid(c, change.errors);
    return submitPrepared(c, deps, await deleteDialog(deps, callerOf(c), change.value));
  });
}
