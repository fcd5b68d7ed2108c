import { updateDialogBody } from '@dialog/contracts/update-dialog';
import { createRoute } from '@hono/zod-openapi';
import { type ChangeDeps, callerOf } from '../changes/change.ts';
import { updateDialog } from '../changes/update-dialog.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { changed, changeOfDialog, changeResponses, exampleContent, jsonBody } from '../openapi.ts';
import { problemResponse } from '../problem-response.ts';
import { readChange, submitPrepared, type WriteDeps } from '../submit-command.ts';

const route = createRoute({
  ...changeOfDialog,
  method: 'put',
  path: `${serviceOwnerPath}/dialogs/{dialogId}`,
  operationId: 'UpdateDialog',
  summary: 'Replace what may change of a dialog',
  description: 'Transmissions and activities are added to those that the dialog has.',
  request: { body: jsonBody(updateDialogBody, { status: 'InProgress', content: exampleContent }) },
  responses: { 204: changed, ...changeResponses },
});

export function registerUpdateDialog(app: GatewayApp, deps: WriteDeps & ChangeDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.put(route.getRoutingPath(), async (c) => {
    const request = await readChange(c, deps.limits);
    if (!request.ok) return problemResponse(c, request.problem);
    return submitPrepared(c, deps, await updateDialog(deps, callerOf(c), request.value));
  });
}
