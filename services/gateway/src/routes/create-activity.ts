import { activityBody } from '@dialog/contracts/activity';
import { createRoute } from '@hono/zod-openapi';
import { callerOf } from '../changes/change.ts';
import { createActivity } from '../changes/create-activity.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { changeOfDialog, changeResponses, created, exampleActor, jsonBody } from '../openapi.ts';
import { problemResponse } from '../problem-response.ts';
import { readChange, submitPrepared, type WriteDeps } from '../submit-command.ts';

const route = createRoute({
  ...changeOfDialog,
  method: 'post',
  path: `${serviceOwnerPath}/dialogs/{dialogId}/activities`,
  operationId: 'CreateDialogActivity',
  summary: 'Add an activity to a dialog',
  request: { body: jsonBody(activityBody, { type: 'FormSubmitted', performedBy: exampleActor }) },
  responses: { 201: created, ...changeResponses },
});

export function registerCreateActivity(app: GatewayApp, deps: WriteDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.post(route.getRoutingPath(), async (c) => {
    const request = await readChange(c, deps.limits);
    if (!request.ok) return problemResponse(c, request.problem);
    return submitPrepared(c, deps, await createActivity(deps, callerOf(c), request.value));
  });
}
