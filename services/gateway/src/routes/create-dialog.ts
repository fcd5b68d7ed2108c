import { createDialogMembers } from '@dialog/contracts/create-dialog';
import { problemOf } from '@dialog/contracts/problem';
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

const correspondence = 'correspondenceservice';

/**
 * Contract in, command onto the dialog's lane, outcome or operation out. What the resource registry knows is settled
 * here (service owner API, section 15): decide has no I/O.
 */
export function registerCreateDialog(app: GatewayApp, deps: WriteDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.post(route.getRoutingPath(), async (c) => {
    const body = await readJson(c, deps.limits);
    if (!body.ok) return problemResponse(c, body.problem);
    const silent = silentUpdate(c);
    if (!silent.ok) return invalid(c, silent.errors);
    const serviceOwner = c.get('serviceOwner');
    const { rights } = serviceOwner;
    const receivedAt = deps.now();
    const validated = validateCreateDialog(body.value, { now: receivedAt, rights });
    if (!validated.ok) return invalid(c, validated.errors);

    const payload = validated.value;
    const { serviceResource } = payload;
    const resource = await deps.resources.resource(serviceResource);
    if (resource === undefined) {
      const message = `The resource registry has no resource ${serviceResource} that dialogs can be about.`;
      return problemResponse(c, problemOf(422, { ServiceResource: [message] }));
    }
    const named = namedInBody(payload);
    named.resources.add(serviceResource);
    const facts = await gatherFacts(deps, serviceOwner, named);
    const forbidden = forbiddenResources(facts.notOwned, resource.type === correspondence && !rights.correspondence);
    if (forbidden.length > 0 && !rights.admin) return problemResponse(c, problemOf(403, { Forbidden: forbidden }));

    const dialogId = payload.id ?? deps.newId();
    const header = commandHeader(c, deps, { dialogId, ifMatch: null, silent: silent.value, facts, receivedAt });
    return submitCommand(
      c,
      deps,
      { ...header, kind: 'CreateDialog', resource: { org: resource.org, type: resource.type }, payload },
      { status: 201, id: dialogId, location: dialogPath(dialogId) },
    );
  });
}

function forbiddenResources(notOwned: readonly string[], reserved: boolean): string[] {
  return [
    ...(notOwned.length > 0 ? [`Not owned by the caller: ${notOwned.join(', ')}`] : []),
    ...(reserved ? ['Correspondence resources need the scope digdir:dialogporten.correspondence.'] : []),
  ];
}
