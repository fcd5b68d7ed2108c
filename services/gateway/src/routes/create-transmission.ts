import { transmissionBody } from '@dialog/contracts/transmission';
import { createRoute } from '@hono/zod-openapi';
import { callerOf } from '../changes/change.ts';
import { createTransmission } from '../changes/create-transmission.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { changeOfDialog, changeResponses, created, exampleActor, exampleContent, jsonBody } from '../openapi.ts';
import { problemResponse } from '../problem-response.ts';
import { readChange, submitPrepared, type WriteDeps } from '../submit-command.ts';

const route = createRoute({
  ...changeOfDialog,
  method: 'post',
  path: `${serviceOwnerPath}/dialogs/{dialogId}/transmissions`,
  operationId: 'CreateDialogTransmission',
  summary: 'Add a transmission to a dialog',
  request: { body: jsonBody(transmissionBody, { type: 'Information', sender: exampleActor, content: exampleContent }) },
  responses: { 201: created, ...changeResponses },
});

export function registerCreateTransmission(app: GatewayApp, deps: WriteDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.post(route.getRoutingPath(), async (c) => {
    const request = await readChange(c, deps.limits);
    if (!request.ok) return problemResponse(c, request.problem);
    return submitPrepared(c, deps, await createTransmission(deps, callerOf(c), request.value));
  });
}
