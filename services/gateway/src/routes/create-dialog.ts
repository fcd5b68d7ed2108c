import { createDialogMembers } from '@dialog/contracts/create-dialog';
import { createRoute } from '@hono/zod-openapi';
import { callerOf } from '../changes/change.ts';
import { createDialog } from '../changes/create-dialog.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import {
  byServiceOwner,
  created,
  createResponses,
  exampleContent,
  isSilentUpdateQuery,
  jsonBody,
  preferHeader,
} from '../openapi.ts';
import { invalid, problemResponse } from '../problem-response.ts';
import { readJson } from '../read-json.ts';
import { silentUpdate } from '../request-parameters.ts';
import { submitPrepared, type WriteDeps } from '../submit-command.ts';

const example = {
  serviceResource: 'urn:altinn:resource:ttd-building-permit',
  party: 'urn:altinn:organization:identifier-no:313007103',
  content: exampleContent,
};

const route = createRoute({
  ...byServiceOwner,
  method: 'post',
  path: `${serviceOwnerPath}/dialogs`,
  operationId: 'CreateDialog',
  summary: 'Create a dialog',
  parameters: [isSilentUpdateQuery, preferHeader],
  request: { body: jsonBody(createDialogMembers, example) },
  responses: { 201: created, ...createResponses },
});

/** Contract in, command onto the dialog's lane, outcome or operation out. */
export function registerCreateDialog(app: GatewayApp, deps: WriteDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.post(route.getRoutingPath(), async (c) => {
    const body = await readJson(c, deps.limits);
    if (!body.ok) return problemResponse(c, body.problem);
    const silent = silentUpdate(c);
    if (!silent.ok) return invalid(c, silent.errors);
    return submitPrepared(c, deps, await createDialog(deps, callerOf(c), { silent: silent.value, body: body.value }));
  });
}
