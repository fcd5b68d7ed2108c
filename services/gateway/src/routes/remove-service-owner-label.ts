import { validateLabelInPath } from '@dialog/contracts/validate';
import { createRoute } from '@hono/zod-openapi';
import { noFacts } from '../changes/change.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { changeOfLabels, labelInPath, labelResponses, relabelled } from '../openapi.ts';
import { invalid } from '../problem-response.ts';
import { errorsOf } from '../request-parameters.ts';
import { commandHeader, readChangeParameters, submitCommand, type WriteDeps } from '../submit-command.ts';

const route = createRoute({
  ...changeOfLabels,
  parameters: [...changeOfLabels.parameters, labelInPath],
  method: 'delete',
  path: `${serviceOwnerPath}/dialogs/{dialogId}/context/labels/{label}`,
  operationId: 'DeleteServiceOwnerLabel',
  summary: "Take one of the service owner's labels off a dialog",
  responses: { 204: relabelled("The revision of the service owner's labels."), ...labelResponses },
});

export function registerRemoveServiceOwnerLabel(app: GatewayApp, deps: WriteDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.delete(route.getRoutingPath(), (c) => {
    const change = readChangeParameters(c);
    const label = validateLabelInPath(c.req.param('label') ?? '');
    if (!change.ok || !label.ok) return invalid(c, errorsOf(change, label));
    const header = commandHeader(c, deps, { ...change.value, facts: noFacts, receivedAt: deps.now() });
    return submitCommand(c, deps, { ...header, kind: 'RemoveServiceOwnerLabel', label: label.value }, { status: 204 });
  });
}
