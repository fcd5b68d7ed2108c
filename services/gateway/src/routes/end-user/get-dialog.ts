import type { DialogTokens } from '@dialog/access/dialog-token';
import { endUserDialogView as endUserDialogViewSchema } from '@dialog/contracts/end-user-view';
import { createRoute } from '@hono/zod-openapi';
import { requestedLanguages } from '../../accepted-languages.ts';
import { dialogView } from '../../dialog-view.ts';
import { type EndUserViewDeps, endUserDialogView } from '../../end-user-view.ts';
import { endUserPath, type GatewayApp } from '../../gateway-app.ts';
import { jsonResponse } from '../../json-response.ts';
import { type OpenForEndUserDeps, openForEndUser } from '../../open-for-end-user.ts';
import { acceptLanguageHeader, byEndUser, dialogIdInPath, okWithRevision, problemResponses } from '../../openapi.ts';
import { invalid } from '../../problem-response.ts';
import { errorsOf, pathId } from '../../request-parameters.ts';

const route = createRoute({
  ...byEndUser,
  method: 'get',
  path: `${endUserPath}/dialogs/{dialogId}`,
  operationId: 'GetDialog',
  summary: 'Open a dialog',
  description:
    'Parts tell whether the reader may use them; where not, `urn:dialogporten:unauthorized` stands for their addresses, ' +
    'and `urn:dialogporten:expired` where the time is over. The visit is recorded.',
  parameters: [dialogIdInPath, acceptLanguageHeader],
  responses: {
    200: okWithRevision(endUserDialogViewSchema, 'The dialog.', 'The revision of the dialog.'),
    ...problemResponses(400, 404, 410),
  },
});

type Deps = OpenForEndUserDeps & EndUserViewDeps & { dialogTokens: Pick<DialogTokens, 'issue'> };

export function registerOpenDialog(app: GatewayApp, deps: Deps): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), async (c) => {
    const dialogId = pathId(c, 'dialogId');
    const languages = requestedLanguages(c);
    if (!dialogId.ok || !languages.ok) return invalid(c, errorsOf(dialogId, languages));
    const opened = await openForEndUser(c, deps, dialogId.value);
    if (!opened.ok) return opened.response;
    const { whole, permissions } = opened;
    const reader = { permissions, languages: languages.value, at: deps.now(), actorSalt: deps.actorSalt };
    const endUser = c.get('endUser');
    const { dialog } = whole;
    const dialogToken = await deps.dialogTokens.issue({ endUser, dialog, permitted: permissions.permitted });
    const view = { ...endUserDialogView(dialogView(whole, endUser.id), reader), dialogToken };
    return jsonResponse(view, 200, { ETag: dialog.revision });
  });
}
