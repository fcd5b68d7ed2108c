import { scopes } from '@dialog/access/service-owner';
import { updateTransmissionMembers } from '@dialog/contracts/transmission';
import { validateUpdateTransmission } from '@dialog/contracts/validate';
import { createRoute } from '@hono/zod-openapi';
import { requireScope } from '../authentication.ts';
import { gatherFacts, namedInBody } from '../facts.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { changed, changeOfChild, changeResponses, exampleActor, exampleContent, jsonBody } from '../openapi.ts';
import { invalid, problemResponse } from '../problem-response.ts';
import { commandHeader, readChildChange, submitCommand, type WriteDeps } from '../submit-command.ts';

const route = createRoute({
  ...changeOfChild('transmissionId', 'The transmission.'),
  method: 'put',
  path: `${serviceOwnerPath}/dialogs/{dialogId}/transmissions/{transmissionId}`,
  operationId: 'UpdateDialogTransmission',
  summary: 'Correct a transmission',
  description: `Always silent: \`isSilentUpdate\` must be true. Needs the scope \`${scopes.changeTransmissions}\` in addition.`,
  request: {
    body: jsonBody(updateTransmissionMembers, {
      isSilentUpdate: true,
      type: 'Information',
      sender: exampleActor,
      content: exampleContent,
    }),
  },
  responses: { 204: changed, ...changeResponses },
});

export function registerUpdateTransmission(app: GatewayApp, deps: WriteDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.put(route.getRoutingPath(), requireScope(scopes.changeTransmissions), async (c) => {
    const request = await readChildChange(c, deps.limits, 'transmissionId');
    if (!request.ok) return problemResponse(c, request.problem);
    const { dialogId, ifMatch, body, silent: silentInQuery, id: transmissionId } = request.value;
    const serviceOwner = c.get('serviceOwner');
    const receivedAt = deps.now();
    const validated = validateUpdateTransmission(body, { now: receivedAt, rights: serviceOwner.rights, silentInQuery });
    if (!validated.ok) return invalid(c, validated.errors);

    const payload = validated.value;
    const facts = await gatherFacts(deps, serviceOwner, namedInBody({ transmissions: [payload] }));
    const header = commandHeader(c, deps, { dialogId, ifMatch, silent: true, facts, receivedAt });
    return submitCommand(c, deps, { ...header, kind: 'UpdateTransmission', transmissionId, payload }, { status: 204 });
  });
}
