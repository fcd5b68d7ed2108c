import { setSystemLabelsBody } from '@dialog/contracts/system-labels';
import { validateSetSystemLabels } from '@dialog/contracts/validate';
import { createRoute } from '@hono/zod-openapi';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { type LabelDeps, readLabelling } from '../label-request.ts';
import {
  changeOfLabels,
  endUserIdQuery,
  exampleEndUser,
  jsonBody,
  labelActorResponses,
  relabelled,
} from '../openapi.ts';
import { invalid, problemResponse } from '../problem-response.ts';
import { endUserId } from '../request-parameters.ts';
import { commandHeader, readChange, submitCommand } from '../submit-command.ts';

const route = createRoute({
  ...changeOfLabels,
  parameters: [...changeOfLabels.parameters, endUserIdQuery],
  method: 'put',
  path: `${serviceOwnerPath}/dialogs/{dialogId}/endusercontext/systemlabels`,
  operationId: 'SetDialogSystemLabels',
  summary: 'Set system labels of a dialog on behalf of an end user',
  description:
    'Labels are removed first, then added, each in order; of Default, Bin and Archive the last one stays. Whoever has ' +
    'access to the dialog sees them. The label log names the end user, or whom an administrator names in `performedBy`.',
  request: { body: jsonBody(setSystemLabelsBody, { addLabels: ['Archive'], performedBy: exampleEndUser }) },
  responses: { 204: relabelled('The revision of the end-user context.'), ...labelActorResponses },
});

export function registerSetSystemLabels(app: GatewayApp, deps: LabelDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.put(route.getRoutingPath(), async (c) => {
    const request = await readChange(c, deps.limits);
    if (!request.ok) return problemResponse(c, request.problem);
    const { body, ...change } = request.value;
    const onBehalfOf = endUserId(c);
    if (!onBehalfOf.ok) return invalid(c, onBehalfOf.errors);
    const validated = validateSetSystemLabels(body, onBehalfOf.value);
    if (!validated.ok) return invalid(c, validated.errors);

    const { facts, ...labels } = await readLabelling(c, deps, [change.dialogId], validated.value, onBehalfOf.value);
    const header = commandHeader(c, deps, { ...change, facts, receivedAt: deps.now() });
    return submitCommand(c, deps, { ...header, ...labels, kind: 'SetSystemLabels' }, { status: 204 });
  });
}
