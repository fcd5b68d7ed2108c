import { createRoute } from '@hono/zod-openapi';
import { noFacts } from '../changes/change.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { changed, changeOfDialog, changeResponses } from '../openapi.ts';
import { invalid } from '../problem-response.ts';
import { commandHeader, readChangeParameters, submitCommand, type WriteDeps } from '../submit-command.ts';

const route = createRoute({
  ...changeOfDialog,
  method: 'post',
  path: `${serviceOwnerPath}/dialogs/{dialogId}/actions/restore`,
  operationId: 'RestoreDialog',
  summary: 'Restore a deleted dialog',
  description: 'A dialog that is not deleted stays as it is.',
  responses: { 204: changed, ...changeResponses },
});

export function registerRestoreDialog(app: GatewayApp, deps: WriteDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.post(route.getRoutingPath(), (c) => {
    const change = readChangeParameters(c);
    if (!change.ok) return invalid(c, change.errors);
    const header = commandHeader(c, deps, { ...change.value, facts: noFacts, receivedAt: deps.now() });
    return submitCommand(c, deps, { ...header, kind: 'RestoreDialog' }, { status: 204 });
  });
}
