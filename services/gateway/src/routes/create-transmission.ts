import { transmissionBody } from '@dialog/contracts/transmission';
import { silentInBody, validateTransmission } from '@dialog/contracts/validate';
import { createRoute } from '@hono/zod-openapi';
import { gatherFacts, namedInBody } from '../facts.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { changeOfDialog, changeResponses, created, exampleActor, exampleContent, jsonBody } from '../openapi.ts';
import { invalid, problemResponse } from '../problem-response.ts';
import { errorsOf } from '../request-parameters.ts';
import { commandHeader, dialogPath, readChange, submitCommand, type WriteDeps } from '../submit-command.ts';

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
    const { dialogId, ifMatch, body } = request.value;
    const serviceOwner = c.get('serviceOwner');
    const receivedAt = deps.now();
    const validated = validateTransmission(body, { now: receivedAt, rights: serviceOwner.rights });
    const inBody = silentInBody(body);
    if (!validated.ok || !inBody.ok) return invalid(c, errorsOf(inBody, validated));

    const payload = validated.value;
    const facts = await gatherFacts(deps, serviceOwner, namedInBody({ transmissions: [payload] }));
    const silent = request.value.silent || inBody.value;
    const header = commandHeader(c, deps, { dialogId, ifMatch, silent, facts, receivedAt });
    const transmissionId = payload.id ?? deps.newId();
    const location = `${dialogPath(dialogId)}/transmissions/${transmissionId}`;
    return submitCommand(
      c,
      deps,
      { ...header, kind: 'CreateTransmission', transmissionId, payload },
      { status: 201, id: transmissionId, location },
    );
  });
}
