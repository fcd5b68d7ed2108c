import { jsonPatch } from '@dialog/contracts/json-patch';
import { createRoute } from '@hono/zod-openapi';
import { callerOf } from '../changes/change.ts';
import { patchDialog } from '../changes/patch-dialog.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { changed, changeOfDialog, changeResponses, jsonBody } from '../openapi.ts';
import { problemResponse } from '../problem-response.ts';
import { readChange, submitPrepared, type WriteDeps } from '../submit-command.ts';

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

export function registerPatchDialog(app: GatewayApp, deps: WriteDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.patch(route.getRoutingPath(), async (c) => {
    const request = await readChange(c, deps.limits, mediaTypes);
    if (!request.ok) return problemResponse(c, request.problem);
    return submitPrepared(c, deps, await patchDialog(deps, callerOf(c), request.value));
  });
}
