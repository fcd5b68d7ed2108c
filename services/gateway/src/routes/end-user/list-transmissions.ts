import { endUserTransmissionView as itemSchema } from '@dialog/contracts/end-user-view';
import * as transmissions from '@dialog/database/tables/transmissions';
import { createRoute, z } from '@hono/zod-openapi';
import { requestedLanguages } from '../../accepted-languages.ts';
import { read } from '../../database-reads.ts';
import { transmissionView } from '../../dialog-view.ts';
import { accessDialog, type EndUserAccessDeps } from '../../end-user-access.ts';
import { type EndUserViewDeps, endUserTransmissionView } from '../../end-user-view.ts';
import { endUserPath, type GatewayApp } from '../../gateway-app.ts';
import { jsonResponse } from '../../json-response.ts';
import { acceptLanguageHeader, byEndUser, dialogIdInPath, ok, problemResponses } from '../../openapi.ts';
import { invalid } from '../../problem-response.ts';
import { errorsOf, pathId } from '../../request-parameters.ts';

const route = createRoute({
  ...byEndUser,
  method: 'get',
  path: `${endUserPath}/dialogs/{dialogId}/transmissions`,
  operationId: 'SearchDialogTransmissions',
  summary: 'Read all transmissions of a dialog',
  parameters: [dialogIdInPath, acceptLanguageHeader],
  responses: { 200: ok(z.array(itemSchema), 'Oldest first.'), ...problemResponses(400, 404, 410) },
});

export function registerReadTransmissions(app: GatewayApp, deps: EndUserAccessDeps & EndUserViewDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), async (c) => {
    const dialogId = pathId(c, 'dialogId');
    const languages = requestedLanguages(c);
    if (!dialogId.ok || !languages.ok) return invalid(c, errorsOf(dialogId, languages));
    const found = await read(() => transmissions.list(deps.db, dialogId.value));
    const access = await accessDialog(c, deps, dialogId.value, { transmissions: found });
    if (!access.ok) return access.response;
    const { permissions } = access;
    const reader = { permissions, languages: languages.value, at: deps.now(), actorSalt: deps.actorSalt };
    return jsonResponse(
      found.map((transmission) => endUserTransmissionView(transmissionView(transmission), reader)),
      200,
    );
  });
}
