import { createRoute } from '@hono/zod-openapi';
import { noFacts } from '../changes/change.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { changeOfDialog, changeResponses } from '../openapi.ts';
import { invalid } from '../problem-response.ts';
import { commandHeader, readChangeParameters, submitCommand, type WriteDeps } from '../submit-command.ts';

const route = createRoute({
  ...changeOfDialog,
  method: 'post',
  path: `${serviceOwnerPath}/dialogs/{dialogId}/actions/purge`,
  operationId: 'PurgeDialog',
  summary: 'Remove a dialog for good',
  description: 'Everything in it goes with it, and its ids and keys are free again.',
  responses: { 204: { description: 'Removed.' }, ...changeResponses },
});

export function registerPurgeDialog(app: GatewayApp, deps: WriteDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.post(route.getRoutingPath(), (c) => {
    const change = readChangeParameters(c);
    if (!change.ok) return invalid(c, change.errors);
    const header = commandHeader(c, deps, { ...change.value, facts: noFacts, receivedAt: deps.now() });
    return submitCommand(c, deps, { ...header, kind: 'PurgeDialog' }, { status: 204, withoutETag: true });
  });
}
