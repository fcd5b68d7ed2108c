import { activityBody } from '@dialog/contracts/activity';
import { silentInBody, validateActivity } from '@dialog/contracts/validate';
import { createRoute } from '@hono/zod-openapi';
import { gatherFacts, namedInBody } from '../facts.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { changeOfDialog, changeResponses, created, exampleActor, jsonBody } from '../openapi.ts';
import { invalid, problemResponse } from '../problem-response.ts';
import { errorsOf } from '../request-parameters.ts';
import { commandHeader, dialogPath, readChange, submitCommand, type WriteDeps } from '../submit-command.ts';

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
    const { dialogId, ifMatch, body } = request.value;
    const serviceOwner = c.get('serviceOwner');
    const receivedAt = deps.now();
    const validated = validateActivity(body, { now: receivedAt, rights: serviceOwner.rights });
    const inBody = silentInBody(body);
    if (!validated.ok || !inBody.ok) return invalid(c, errorsOf(inBody, validated));

    const payload = validated.value;
    const facts = await gatherFacts(deps, serviceOwner, namedInBody({ activities: [payload] }));
    const silent = request.value.silent || inBody.value;
    const header = commandHeader(c, deps, { dialogId, ifMatch, silent, facts, receivedAt });
    const activityId = payload.id ?? deps.newId();
    const location = `${dialogPath(dialogId)}/activities/${activityId}`;
    return submitCommand(
      c,
      deps,
      { ...header, kind: 'CreateActivity', activityId, payload },
      { status: 201, id: activityId, location },
    );
  });
}
