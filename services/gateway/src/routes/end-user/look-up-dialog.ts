import { type Grant, grantsOf } from '@dialog/access/grants';
import type { AuthorisedParties } from '@dialog/access/platform/authorised-parties';
import type { SubjectResources } from '@dialog/access/platform/subject-resources';
import {
  type EndUserDialogLookupView,
  endUserDialogLookupView as endUserDialogLookupViewSchema,
} from '@dialog/contracts/dialog-lookup-view';
import type { Localization } from '@dialog/contracts/localization';
import type { Database } from '@dialog/database/open';
import { createRoute } from '@hono/zod-openapi';
import { inAcceptedLanguage, requestedLanguages } from '../../accepted-languages.ts';
import { authorizationEvidence, type EvidenceDeps } from '../../authorization-evidence.ts';
import { describeResource, type ResourceDescription, type ResourceDescriptionDeps } from '../../describe-resource.ts';
import {
  findReferredTo,
  instanceRef,
  instanceRefQuery,
  type LookedUpDialog,
  lookedUpView,
  shownReference,
} from '../../dialog-lookup.ts';
import { endUserPath, type GatewayApp } from '../../gateway-app.ts';
import { jsonResponse } from '../../json-response.ts';
import { acceptLanguageHeader, byEndUser, ok, problemResponses } from '../../openapi.ts';
import { forbidden, invalid, notFound } from '../../problem-response.ts';
import { errorsOf } from '../../request-parameters.ts';

const route = createRoute({
  ...byEndUser,
  method: 'get',
  path: `${endUserPath}/dialoglookup`,
  operationId: 'GetDialogLookup',
  summary: "Find a dialog by another system's reference, and why one may see it",
  description:
    'Any right to the service is enough. A dialog that is found may still be closed to the reader: neither the level of ' +
    'authentication nor the time from or until which it is visible counts here.',
  parameters: [instanceRefQuery, acceptLanguageHeader],
  responses: { 200: ok(endUserDialogLookupViewSchema, 'The dialog.'), ...problemResponses(400, 404) },
});

type Deps = ResourceDescriptionDeps &
  EvidenceDeps & {
    db: Database;
    authorisedParties: AuthorisedParties;
    subjectResources: SubjectResources;
  };

export function registerFindDialogByReference(app: GatewayApp, deps: Deps): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), async (c) => {
    const reference = instanceRef(c);
    const requested = requestedLanguages(c);
    if (!reference.ok || !requested.ok) return invalid(c, errorsOf(reference, requested));
    const { text } = reference.value;
    const [dialog, ...others] = await findReferredTo(deps.db, reference.value, { withDeleted: false });
    if (others.length > 0) throw new Error(`Several dialogs have the label of ${text}.`);
    if (dialog === undefined) return notFound(c, 'InstanceRef', text);

    const endUser = c.get('endUser');
    const shown = shownReference(reference.value, dialog);
    const grants = await grantsOn(deps, endUser.id, dialog, shown);
    if (grants.length === 0) return forbidden(c, 'Forbidden', 'The end user has no right to the dialog.');

    const { authenticationLevel } = endUser;
    const languages = requested.value;
    const description = await describeResource(deps, dialog.serviceResource);
    const view: EndUserDialogLookupView = {
      ...lookedUpView(dialog, shown, description, languages),
      title: inAcceptedLanguage(titleFor(authenticationLevel, dialog, description), languages),
      authorizationEvidence: await authorizationEvidence(deps, grants, description, { authenticationLevel, languages }),
    };
    return jsonResponse(view, 200);
  });
}

async function grantsOn(
  { authorisedParties, subjectResources }: Deps,
  caller: string,
  { party, serviceResource }: LookedUpDialog,
  reference: string,
): Promise<Grant[]> {
  const [authorised, { subjectsOf }] = await Promise.all([
    authorisedParties(caller, [party]),
    subjectResources.table(),
  ]);
  const subjects = subjectsOf.get(serviceResource) ?? new Set();
  return grantsOf(authorised, subjects, { party, serviceResource, instanceRef: reference });
}

/** The title, or the one for those whose level of authentication is too low for the service. */
function titleFor(
  level: number,
  { content }: LookedUpDialog,
  { minimumAuthenticationLevel }: ResourceDescription,
): readonly Localization[] {
  const { title, nonSensitiveTitle } = content ?? {};
  const shown = level < minimumAuthenticationLevel ? (nonSensitiveTitle ?? title) : title;
  return shown?.value ?? [];
}
