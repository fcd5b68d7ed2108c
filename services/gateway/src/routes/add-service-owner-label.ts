import { serviceOwnerLabel } from '@dialog/contracts/search-tag';
import { validateServiceOwnerLabel } from '@dialog/contracts/validate';
import { createRoute } from '@hono/zod-openapi';
import { noFacts } from '../changes/change.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { changeOfLabels, jsonBody, labelBodyResponses, relabelled } from '../openapi.ts';
import { invalid, problemResponse } from '../problem-response.ts';
import { commandHeader, readChange, submitCommand, type WriteDeps } from '../submit-command.ts';

const route = createRoute({
  ...changeOfLabels,
  method: 'post',
  path: `${serviceOwnerPath}/dialogs/{dialogId}/context/labels`,
  operationId: 'CreateServiceOwnerLabel',
  summary: 'Put a label on a dialog, for the service owner',
  description: 'Kept trimmed and in lower case. Changes nothing of the dialog itself, and the party never sees it.',
  request: { body: jsonBody(serviceOwnerLabel, { value: 'case:2026-118' }) },
  responses: { 204: relabelled("The revision of the service owner's labels."), ...labelBodyResponses },
});

export function registerAddServiceOwnerLabel(app: GatewayApp, deps: WriteDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.post(route.getRoutingPath(), async (c) => {
    const request = await readChange(c, deps.limits);
    if (!request.ok) return problemResponse(c, request.problem);
    const { body, ...change } = request.value;
    const label = validateServiceOwnerLabel(body);
    if (!label.ok) return invalid(c, label.errors);
    const header = commandHeader(c, deps, { ...change, facts: noFacts, receivedAt: deps.now() });
    return submitCommand(c, deps, { ...header, kind: 'AddServiceOwnerLabel', label: label.value }, { status: 204 });
  });
}
