import assert from 'node:assert/strict';
import { bulkSetOwnSystemLabelsBody } from '@dialog/contracts/system-labels';
import { validateBulkSetOwnSystemLabels } from '@dialog/contracts/validate';
import { createRoute } from '@hono/zod-openapi';
import { endUserPath, type GatewayApp } from '../../gateway-app.ts';
import { type LabelDeps, readOwnLabelling } from '../../label-request.ts';
import { byEndUser, endUserLabelResponses, jsonBody, preferHeader } from '../../openapi.ts';
import { invalid, notFound, problemResponse } from '../../problem-response.ts';
import { readJson } from '../../read-json.ts';
import { commandHeader, submitCommand } from '../../submit-command.ts';

const example = { dialogs: [{ dialogId: '019cf0a2-6d5e-7c31-9d44-0f6a1b2c3d4e' }], addLabels: ['Archive'] };

const route = createRoute({
  ...byEndUser,
  parameters: [preferHeader],
  method: 'post',
  path: `${endUserPath}/dialogs/context/systemlabels/actions/bulkset`,
  operationId: 'BulkSetDialogSystemLabels',
  summary: 'Set system labels of many dialogs, all of them or none',
  request: { body: jsonBody(bulkSetOwnSystemLabelsBody, example) },
  responses: { 204: { description: 'Changed.' }, ...endUserLabelResponses },
});

/** One command, on the lane of the first dialog, also for dialogs of several organisations: it is all or nothing. */
export function registerLabelDialogs(app: GatewayApp, deps: LabelDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.post(route.getRoutingPath(), async (c) => {
    const body = await readJson(c, deps.limits);
    if (!body.ok) return problemResponse(c, body.problem);
    const validated = validateBulkSetOwnSystemLabels(body.value);
    if (!validated.ok) return invalid(c, validated.errors);

    const { dialogs } = validated.value;
    const [first] = dialogs;
    assert(first !== undefined, 'A request without dialogs is not valid.');
    const ids = dialogs.map(({ dialogId }) => dialogId);
    const labelling = await readOwnLabelling(c, deps, ids, validated.value);
    if (labelling === undefined) return notFound(c, 'DialogEntity', ids.join(', '));
    const { facts, ...labels } = labelling.labels;
    const change = { dialogId: first.dialogId, ifMatch: null, silent: false, facts, receivedAt: deps.now() };
    const header = commandHeader(c, deps, change, labelling.sender);
    const command = { ...header, ...labels, kind: 'BulkSetSystemLabels' as const, dialogs };
    return submitCommand(c, deps, command, { status: 204, withoutETag: true, untracked: true });
  });
}
