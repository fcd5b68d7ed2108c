import { instanceReferenceOf, parseInstanceReference, type ReferredTo } from '@dialog/access/instance-reference';
import {
  type DialogLookupView,
  dialogLookupView as dialogLookupViewSchema,
} from '@dialog/contracts/dialog-lookup-view';
import { problemOf } from '@dialog/contracts/problem';
import type { Database } from '@dialog/database/open';
import * as dialogs from '@dialog/database/tables/dialogs';
import type { Dialog } from '@dialog/domain/dialog';
import { createRoute } from '@hono/zod-openapi';
import { type AcceptedLanguages, acceptedLanguages, inAcceptedLanguage, localized } from '../accepted-languages.ts';
import { read } from '../database-reads.ts';
import { describeResource, type ResourceDescription, type ResourceDescriptionDeps } from '../describe-resource.ts';
import { type GatewayApp, serviceOwnerPath } from '../gateway-app.ts';
import { jsonResponse } from '../json-response.ts';
import { acceptLanguageHeader, byServiceOwner, ok, problemResponses } from '../openapi.ts';
import { invalid, problemResponse } from '../problem-response.ts';
import { queryValue } from '../request-parameters.ts';

const forms =
  'urn:altinn:dialog-id:{uuid}, urn:altinn:instance-id:{partyId}/{uuid} or urn:altinn:correspondence-id:{uuid}';

const route = createRoute({
  ...byServiceOwner,
  method: 'get',
  path: `${serviceOwnerPath}/dialoglookup`,
  operationId: 'GetDialogLookup',
  summary: "Find a dialog by another system's reference",
  description: 'Deleted dialogs are found too.',
  parameters: [
    { name: 'instanceRef', in: 'query', required: true, description: forms, schema: { type: 'string' } },
    acceptLanguageHeader,
  ],
  responses: { 200: ok(dialogLookupViewSchema, 'The dialog.'), ...problemResponses(400, 404, 409, 502) },
});

export function registerLookUpDialog(app: GatewayApp, deps: ResourceDescriptionDeps & { db: Database }): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), async (c) => {
    const reference = (queryValue(c, 'instanceRef') ?? '').trim().toLowerCase();
    const referredTo = parseInstanceReference(reference);
    if (referredTo === undefined) return invalid(c, { InstanceRef: [`Must be ${forms}.`] });

    const [id, ...others] = await read(() => idsOf(deps.db, referredTo));
    if (others.length > 0) {
      return problemResponse(c, problemOf(409, { InstanceRef: [`Several dialogs have the label of ${reference}.`] }));
    }
    const dialog = id === undefined ? undefined : (await read(() => dialogs.find(deps.db, [id]))).get(id);
    if (dialog === undefined) {
      return problemResponse(c, problemOf(404, { InstanceRef: [`No dialog was found with id (${reference})`] }));
    }
    const { org, rights } = c.get('serviceOwner');
    if (dialog.org !== org && !rights.admin) {
      return problemResponse(c, problemOf(403, { Forbidden: ['The dialog belongs to another organisation.'] }));
    }
    const instanceRef = referredTo.kind === 'dialog' ? instanceReferenceOf(dialog) : reference;
    const description = await describeResource(deps, dialog.serviceResource);
    return jsonResponse(lookupView(dialog, instanceRef, description, acceptedLanguages(c)), 200);
  });
}

async function idsOf(db: Database, referredTo: ReferredTo): Promise<string[]> {
  return referredTo.kind === 'dialog' ? [referredTo.dialogId] : dialogs.idsLabelled(db, [referredTo.label]);
}

function lookupView(
  { id, party, org, content }: Dialog,
  instanceRef: string,
  { resource, ownerNames, ...description }: ResourceDescription,
  languages: AcceptedLanguages,
): DialogLookupView {
  const nonSensitiveTitle = content?.nonSensitiveTitle?.value;
  return {
    dialogId: id,
    instanceRef,
    party,
    serviceResource: {
      id: description.id,
      isDelegable: resource?.delegable ?? false,
      minimumAuthenticationLevel: description.minimumAuthenticationLevel,
      name: inAcceptedLanguage(localized(resource?.title, description.id), languages),
    },
    serviceOwner: {
      orgNumber: resource?.orgNumber ?? '',
      code: org,
      name: inAcceptedLanguage(localized(ownerNames, org), languages),
    },
    title: inAcceptedLanguage(content?.title.value ?? [], languages),
    nonSensitiveTitle: nonSensitiveTitle && inAcceptedLanguage(nonSensitiveTitle, languages),
  };
}
