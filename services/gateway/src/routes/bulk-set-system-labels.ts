import assert from 'node:assert/strict';
import { bulkSetSystemLabelsBody } from '@dialog/contracts/system-labels';
import { validateBulkSetSystemLabels } from '@dialog/contracts/validate';
import { createRoute } from '@hono/zod-openapi';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { type LabelDeps, readLabelling } from '../label-request.ts';
import {
  byServiceOwner,
  endUserIdQuery,
  exampleEndUser,
  jsonBody,
  labelActorResponses,
  preferHeader,
} from '../openapi.ts';
import { invalid, problemResponse } from '../problem-response.ts';
import { readJson } from '../read-json.ts';
import { endUserId } from '../request-parameters.ts';
import { commandHeader, submitCommand } from '../submit-command.ts';

const example = {
  dialogs: [{ dialogId: '019cf0a2-6d5e-7c31-9d44-0f6a1b2c3d4e' }],
  addLabels: ['Archive'],
  performedBy: exampleEndUser,
};

const route = createRoute({
  ...byServiceOwner,
  parameters: [endUserIdQuery, preferHeader],
  method: 'post',
  path: `${serviceOwnerPath}/dialogs/endusercontext/systemlabels/actions/bulkset`,
  operationId: 'BulkSetDialogSystemLabels',
  summary: 'Set system labels of many dialogs, all of them or none',
  request: { body: jsonBody(bulkSetSystemLabelsBody, example) },
  responses: { 204: { description: 'Changed.' }, ...labelActorResponses },
});

/** One command, on the lane of the first dialog: a command per dialog could not be all or nothing. */
export function registerBulkSetSystemLabels(app: GatewayApp, deps: LabelDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.post(route.getRoutingPath(), async (c) => {
    const body = await readJson(c, deps.limits);
    if (!body.ok) return problemResponse(c, body.problem);
    const onBehalfOf = endUserId(c);
    if (!onBehalfOf.ok) return invalid(c, onBehalfOf.errors);
    const validated = validateBulkSetSystemLabels(body.value, onBehalfOf.value);
    if (!validated.ok) return invalid(c, validated.errors);

    const { dialogs } = validated.value;
    const [first] = dialogs;
    assert(first !== undefined, 'A request without dialogs is not valid.');
    const ids = dialogs.map(({ dialogId }) => dialogId);
    const { facts, ...labels } = await readLabelling(c, deps, ids, validated.value, onBehalfOf.value);
    const request = { dialogId: first.dialogId, ifMatch: null, silent: false, facts, receivedAt: deps.now() };
    const header = commandHeader(c, deps, request);
    const command = { ...header, ...labels, kind: 'BulkSetSystemLabels' as const, dialogs };
    return submitCommand(c, deps, command, { status: 204, withoutETag: true });
  });
}
