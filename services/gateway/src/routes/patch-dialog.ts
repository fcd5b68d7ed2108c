import { jsonPatch } from '@dialog/contracts/json-patch';
import { validateJsonPatch } from '@dialog/contracts/validate';
import { createRoute } from '@hono/zod-openapi';
import { gatherFacts, namedInPatch } from '../facts.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { changed, changeOfDialog, changeResponses, jsonBody } from '../openapi.ts';
import { invalid, problemResponse } from '../problem-response.ts';
import { commandHeader, readChange, submitCommand, type WriteDeps } from '../submit-command.ts';

const mediaTypes = ['application/json-patch+json', 'application/json'];

const example = [{ op: 'replace', path: '/status', value: 'Completed' }];

const route = createRoute({
  ...changeOfDialog,
  method: 'patch',
  path: `${serviceOwnerPath}/dialogs/{dialogId}`,
  operationId: 'PatchDialog',
  summary: 'Change parts of a dialog',
  description:
    'JSON Patch (RFC 6902) on the body that PUT would take, where `transmissions` and `activities` are empty: what is ' +
    'added to them is added to those that the dialog has. Applied to the dialog as it is then, all operations or none.',
  request: { body: jsonBody(jsonPatch, example, mediaTypes) },
  responses: { 204: changed, ...changeResponses },
});

/** The operations travel as they are: only the worker knows the state that they apply to. */
export function registerPatchDialog(app: GatewayApp, deps: WriteDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.patch(route.getRoutingPath(), async (c) => {
    const request = await readChange(c, deps.limits, mediaTypes);
    if (!request.ok) return problemResponse(c, request.problem);
    const { dialogId, ifMatch, silent, body } = request.value;
    const validated = validateJsonPatch(body);
    if (!validated.ok) return invalid(c, validated.errors);

    const payload = validated.value;
    const facts = await gatherFacts(deps, c.get('serviceOwner'), namedInPatch(payload));
    const header = commandHeader(c, deps, { dialogId, ifMatch, silent, facts, receivedAt: deps.now() });
    return submitCommand(c, deps, { ...header, kind: 'PatchDialog', payload }, { status: 204 });
  });
}
