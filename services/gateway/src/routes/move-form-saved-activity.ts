import { timestamp } from '@dialog/contracts/timestamp';
import { validateActivityTime } from '@dialog/contracts/validate';
import { createRoute } from '@hono/zod-openapi';
import { noFacts } from '../changes/change.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { changed, changeOfChild, changeResponses, jsonBody } from '../openapi.ts';
import { forbidden, invalid, problemResponse } from '../problem-response.ts';
import { endUserId } from '../request-parameters.ts';
import { commandHeader, readChildChange, submitCommand, type WriteDeps } from '../submit-command.ts';

const route = createRoute({
  ...changeOfChild('activityId', 'The activity.'),
  method: 'post',
  path: `${serviceOwnerPath}/dialogs/{dialogId}/activities/{activityId}/actions/updateFormSavedActivityTime`,
  operationId: 'UpdateFormSavedActivityTime',
  summary: 'Move the time of a FormSaved activity',
  description: 'For administrators. The body is the new time, a JSON string.',
  request: { body: jsonBody(timestamp, '2026-03-01T08:15:30.1234560Z') },
  responses: { 204: changed, ...changeResponses },
});

export function registerMoveFormSavedActivity(app: GatewayApp, deps: WriteDeps): void {
  app.openAPIRegistry.registerPath(route);
  // Paths are in lower case once they are matched; the parameter keeps its name.
  const path = route.getRoutingPath().replace('updateFormSavedActivityTime', 'updateformsavedactivitytime');
  app.post(path, async (c) => {
    const { rights } = c.get('serviceOwner');
    if (!rights.admin) return forbidden(c, 'Forbidden', 'Only an administrator can move an activity.');
    const onBehalfOf = endUserId(c);
    if (!onBehalfOf.ok || onBehalfOf.value !== null) {
      return forbidden(c, 'Type', 'An activity cannot be moved on behalf of an end user.');
    }
    const request = await readChildChange(c, deps.limits, 'activityId');
    if (!request.ok) return problemResponse(c, request.problem);
    const { dialogId, ifMatch, body, id: activityId } = request.value;
    const receivedAt = deps.now();
    const createdAt = validateActivityTime(body, { now: receivedAt, rights });
    if (!createdAt.ok) return invalid(c, createdAt.errors);

    const header = commandHeader(c, deps, { dialogId, ifMatch, silent: true, facts: noFacts, receivedAt });
    return submitCommand(
      c,
      deps,
      { ...header, kind: 'MoveFormSavedActivity', activityId, createdAt: createdAt.value },
      { status: 204 },
    );
  });
}
