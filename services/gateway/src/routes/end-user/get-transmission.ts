import { endUserTransmissionView as endUserTransmissionViewSchema } from '@dialog/contracts/end-user-view';
import * as transmissions from '@dialog/database/tables/transmissions';
import { createRoute } from '@hono/zod-openapi';
import { requestedLanguages } from '../../accepted-languages.ts';
import { read } from '../../database-reads.ts';
import { transmissionView } from '../../dialog-view.ts';
import { accessDialog, type EndUserAccessDeps } from '../../end-user-access.ts';
import { type EndUserViewDeps, endUserTransmissionView } from '../../end-user-view.ts';
import { endUserPath, type GatewayApp } from '../../gateway-app.ts';
import { jsonResponse } from '../../json-response.ts';
import { acceptLanguageHeader, byEndUser, dialogIdInPath, idInPath, ok, problemResponses } from '../../openapi.ts';
import { invalid, notFound } from '../../problem-response.ts';
import { errorsOf, pathId } from '../../request-parameters.ts';

const route = createRoute({
  ...byEndUser,
  method: 'get',
  path: `${endUserPath}/dialogs/{dialogId}/transmissions/{transmissionId}`,
  operationId: 'GetDialogTransmission',
  summary: 'Read one transmission',
  parameters: [dialogIdInPath, idInPath('transmissionId', 'The transmission.'), acceptLanguageHeader],
  responses: { 200: ok(endUserTransmissionViewSchema, 'The transmission.'), ...problemResponses(400, 404, 410) },
});

export function registerReadTransmission(app: GatewayApp, deps: EndUserAccessDeps & EndUserViewDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), async (c) => {
    const dialogId = pathId(c, 'dialogId');
    const id = pathId(c, 'transmissionId');
    const languages = requestedLanguages(c);
    if (!dialogId.ok || !id.ok || !languages.ok) return invalid(c, errorsOf(dialogId, id, languages));
    const found = await read(() => transmissions.find(deps.db, dialogId.value, id.value));
    const access = await accessDialog(c, deps, dialogId.value, { transmissions: found === undefined ? [] : [found] });
    if (!access.ok) return access.response;
    if (found === undefined) return notFound(c, 'DialogTransmission', id.value);
    const { permissions } = access;
    const reader = { permissions, languages: languages.value, at: deps.now(), actorSalt: deps.actorSalt };
    return jsonResponse(endUserTransmissionView(transmissionView(found), reader), 200);
  });
}
