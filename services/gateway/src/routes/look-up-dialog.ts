import {
  type DialogLookupView,
  dialogLookupView as dialogLookupViewSchema,
} from '@dialog/contracts/dialog-lookup-view';
import { problemOf } from '@dialog/contracts/problem';
import type { Database } from '@dialog/database/open';
import { createRoute } from '@hono/zod-openapi';
import { acceptedLanguages, inAcceptedLanguage } from '../accepted-languages.ts';
import { describeResource, type ResourceDescriptionDeps } from '../describe-resource.ts';
import { findReferredTo, instanceRef, instanceRefQuery, lookedUpView, shownReference } from '../dialog-lookup.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { jsonResponse } from '../json-response.ts';
import { acceptLanguageHeader, byServiceOwner, ok, problemResponses } from '../openapi.ts';
import { forbidden, invalid, notFound, problemResponse } from '../problem-response.ts';

const route = createRoute({
  ...byServiceOwner,
  method: 'get',
  path: `${serviceOwnerPath}/dialoglookup`,
  operationId: 'GetDialogLookup',
  summary: "Find a dialog by another system's reference",
  description: 'Deleted dialogs are found too.',
  parameters: [instanceRefQuery, acceptLanguageHeader],
  responses: { 200: ok(dialogLookupViewSchema, 'The dialog.'), ...problemResponses(400, 404, 409, 502) },
});

export function registerLookUpDialog(app: GatewayApp, deps: ResourceDescriptionDeps & { db: Database }): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), async (c) => {
    const reference = instanceRef(c);
    if (!reference.ok) return invalid(c, reference.errors);
    const { text } = reference.value;
    const [dialog, ...others] = await findReferredTo(deps.db, reference.value, { withDeleted: true });
    if (others.length > 0) {
      return problemResponse(c, problemOf(409, { InstanceRef: [`Several dialogs have the label of ${text}.`] }));
    }
    if (dialog === undefined) return notFound(c, 'InstanceRef', text);
    const { org, rights } = c.get('serviceOwner');
    if (dialog.org !== org && !rights.admin) {
      return forbidden(c, 'Forbidden', 'The dialog belongs to another organisation.');
    }
    const description = await describeResource(deps, dialog.serviceResource);
    const languages = acceptedLanguages(c);
    const { title, nonSensitiveTitle } = dialog.content ?? {};
    const view = {
      ...lookedUpView(dialog, shownReference(reference.value, dialog), description, languages),
      title: inAcceptedLanguage(title?.value ?? [], languages),
      nonSensitiveTitle: nonSensitiveTitle ? inAcceptedLanguage(nonSensitiveTitle.value, languages) : undefined,
    };
    return jsonResponse(view satisfies DialogLookupView, 200);
  });
}
