import { setOwnSystemLabelsBody } from '@dialog/contracts/system-labels';
import { validateSetOwnSystemLabels } from '@dialog/contracts/validate';
import { createRoute } from '@hono/zod-openapi';
import { endUserPath, type GatewayApp } from '../../gateway-app.ts';
import { type LabelDeps, readOwnLabelling } from '../../label-request.ts';
import {
  byEndUser,
  dialogIdInPath,
  endUserLabelResponses,
  ifMatchHeader,
  jsonBody,
  preferHeader,
  relabelled,
} from '../../openapi.ts';
import { invalid, notFound, problemResponse } from '../../problem-response.ts';
import { commandHeader, readChange, submitCommand } from '../../submit-command.ts';

const route = createRoute({
  ...byEndUser,
  parameters: [dialogIdInPath, ifMatchHeader, preferHeader],
  method: 'put',
  path: `${endUserPath}/dialogs/{dialogId}/context/systemlabels`,
  operationId: 'SetDialogSystemLabels',
  summary: 'Set system labels of a dialog',
  description:
    'Labels are removed first, then added, each in order; of Default, Bin and Archive the last one stays. Whoever has ' +
    'access to the dialog sees them.',
  request: { body: jsonBody(setOwnSystemLabelsBody, { addLabels: ['Archive'], removeLabels: ['MarkedAsUnopened'] }) },
  responses: { 204: relabelled('The revision of the end-user context.'), ...endUserLabelResponses },
});

export function registerLabelDialog(app: GatewayApp, deps: LabelDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.put(route.getRoutingPath(), async (c) => {
    const request = await readChange(c, deps.limits);
    if (!request.ok) return problemResponse(c, request.problem);
    const { body, dialogId, ifMatch } = request.value;
    const validated = validateSetOwnSystemLabels(body);
    if (!validated.ok) return invalid(c, validated.errors);

    const labelling = await readOwnLabelling(c, deps, [dialogId], validated.value);
    if (labelling === undefined) return notFound(c, 'DialogEntity', dialogId);
    const { facts, ...labels } = labelling.labels;
    const change = { dialogId, ifMatch, silent: false, facts, receivedAt: deps.now() };
    const header = commandHeader(c, deps, change, labelling.sender);
    return submitCommand(c, deps, { ...header, ...labels, kind: 'SetSystemLabels' }, { status: 204, untracked: true });
  });
}
