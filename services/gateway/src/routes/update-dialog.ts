import { updateDialogBody } from '@dialog/contracts/update-dialog';
import { validateUpdateDialog } from '@dialog/contracts/validate';
import type { Database } from '@dialog/database/open';
import { createRoute } from '@hono/zod-openapi';
import { gatherFacts, namedInBody } from '../facts.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { changed, changeOfDialog, changeResponses, exampleContent, jsonBody } from '../openapi.ts';
import { invalid, notFound, problemResponse } from '../problem-response.ts';
import { findReadableDialog } from '../read-dialog.ts';
import { commandHeader, readChange, submitCommand, type WriteDeps } from '../submit-command.ts';

const route = createRoute({
  ...changeOfDialog,
  method: 'put',
  path: `${serviceOwnerPath}/dialogs/{dialogId}`,
  operationId: 'UpdateDialog',
  summary: 'Replace what may change of a dialog',
  description: 'Transmissions and activities are added to those that the dialog has.',
  request: { body: jsonBody(updateDialogBody, { status: 'InProgress', content: exampleContent }) },
  responses: { 204: changed, ...changeResponses },
});

export function registerUpdateDialog(app: GatewayApp, deps: WriteDeps & { db: Database }): void {
  app.openAPIRegistry.registerPath(route);
  app.put(route.getRoutingPath(), async (c) => {
    const request = await readChange(c, deps.limits);
    if (!request.ok) return problemResponse(c, request.problem);
    const { dialogId, ifMatch, silent, body } = request.value;
    const serviceOwner = c.get('serviceOwner');
    const receivedAt = deps.now();
    const context = { now: receivedAt, rights: serviceOwner.rights };
    // Whether a body that is right in itself fits the stored dialog, decide looks at.
    const validated = validateUpdateDialog(body, { ...context, stored: null });
    if (!validated.ok) {
      // A body that cannot be read is told as such. What is wrong with one that can be comes after 404: it is not worth
      // telling to somebody whose dialog it is not.
      if (!Object.keys(validated.errors).every((key) => key.startsWith('dto.'))) return invalid(c, validated.errors);
      const stored = await findReadableDialog(deps.db, dialogId, serviceOwner);
      if (stored === undefined) return notFound(c, 'DialogEntity', dialogId);
      const fitted = validateUpdateDialog(body, { ...context, stored });
      return invalid(c, fitted.ok ? validated.errors : fitted.errors);
    }

    const payload = validated.value;
    const facts = await gatherFacts(deps, serviceOwner, namedInBody(payload));
    const header = commandHeader(c, deps, { dialogId, ifMatch, silent, facts, receivedAt });
    return submitCommand(c, deps, { ...header, kind: 'UpdateDialog', payload }, { status: 204 });
  });
}
