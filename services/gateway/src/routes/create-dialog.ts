import { createDialogMembers } from '@dialog/contracts/create-dialog';
import { validateCreateDialog } from '@dialog/contracts/validate';
import { createRoute } from '@hono/zod-openapi';
import { gatherFacts, namedInBody } from '../facts.ts';
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
import { commandHeader, dialogPath, submitCommand, type WriteDeps } from '../submit-command.ts';

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

/**
 * Contract in, command onto the dialog's lane, outcome or operation out. What the resource registry knows goes along:
 * decide has no I/O.
 */
export function registerCreateDialog(app: GatewayApp, deps: WriteDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.post(route.getRoutingPath(), async (c) => {
    const body = await readJson(c, deps.limits);
    if (!body.ok) return problemResponse(c, body.problem);
    const silent = silentUpdate(c);
    if (!silent.ok) return invalid(c, silent.errors);
    const serviceOwner = c.get('serviceOwner');
    const receivedAt = deps.now();
    const validated = validateCreateDialog(body.value, { now: receivedAt, rights: serviceOwner.rights });
    if (!validated.ok) return invalid(c, validated.errors);

    const payload = validated.value;
    const { serviceResource } = payload;
    const resource = await deps.resources.resource(serviceResource);
    const named = namedInBody(payload);
    named.resources.add(serviceResource);
    const facts = await gatherFacts(deps, serviceOwner, named);

    // That it is not known is told with everything else that decide finds.
    const known = resource === undefined ? null : { org: resource.org, type: resource.type };
    const dialogId = payload.id ?? deps.newId();
    const header = commandHeader(c, deps, { dialogId, ifMatch: null, silent: silent.value, facts, receivedAt });
    return submitCommand(
      c,
      deps,
      { ...header, kind: 'CreateDialog', resource: known, payload },
      { status: 201, id: dialogId, location: dialogPath(dialogId) },
    );
  });
}
