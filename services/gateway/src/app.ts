import type { Decisions } from '@dialog/access/decisions';
import type { DialogTokens } from '@dialog/access/dialog-token';
import type { ListAuthorizations } from '@dialog/access/list-authorization';
import type { AuthorisedParties } from '@dialog/access/platform/authorised-parties';
import type { RepresentedParties } from '@dialog/access/platform/represented-parties';
import { problemOf } from '@dialog/contracts/problem';
import type { Database } from '@dialog/database/open';
import { type HealthCheck, healthRoutes } from '@dialog/telemetry/health';
import type { Logger } from '@dialog/telemetry/logger';
import { OpenAPIHono } from '@hono/zod-openapi';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { matchedRoutes } from 'hono/route';
import { getPath } from 'hono/utils/url';
import type { Registry } from 'prom-client';
import { type AuthenticationDeps, endUsersOnly, serviceOwnersOnly } from './authentication.ts';
import { createAuthorisedResources, type ExactListLimits } from './authorised-resources.ts';
import { type CatalogueDeps, createCatalogue } from './catalogue.ts';
import { endUserPath, type GatewayApp, type GatewayEnv, serviceOwnerPath } from './gateway-app.ts';
import { type MaintenanceSwitch, servingUnless } from './maintenance.ts';
import { observe } from './observe.ts';
import type { PolicySettings } from './policy-settings.ts';
import { faultResponse, problemResponse } from './problem-response.ts';
import { registerAddServiceOwnerLabel } from './routes/add-service-owner-label.ts';
import { type BatchRouteDeps, registerBatchDialogs } from './routes/batch-dialogs.ts';
import { registerBulkSetSystemLabels } from './routes/bulk-set-system-labels.ts';
import { registerCreateActivity } from './routes/create-activity.ts';
import { registerCreateDialog } from './routes/create-dialog.ts';
import { registerCreateTransmission } from './routes/create-transmission.ts';
import { registerDeleteDialog } from './routes/delete-dialog.ts';
import { registerDocumentation } from './routes/documentation.ts';
import { registerLabelDialogs } from './routes/end-user/bulk-set-system-labels.ts';
import { registerReadActivity } from './routes/end-user/get-activity.ts';
import { registerOpenDialog } from './routes/end-user/get-dialog.ts';
import { registerReadVisit } from './routes/end-user/get-seen-log.ts';
import { registerReadTransmission } from './routes/end-user/get-transmission.ts';
import { registerReadActivities } from './routes/end-user/list-activities.ts';
import { registerReadLabelLog } from './routes/end-user/list-label-log.ts';
import { registerListParties } from './routes/end-user/list-parties.ts';
import { registerReadSeenLog } from './routes/end-user/list-seen-log.ts';
import { registerListAuthorisedResources } from './routes/end-user/list-service-resources.ts';
import { registerReadTransmissions } from './routes/end-user/list-transmissions.ts';
import { registerFindDialogByReference } from './routes/end-user/look-up-dialog.ts';
import { registerOpenPartyEventSubscription } from './routes/end-user/open-event-subscription.ts';
import { registerRemovePartyEventSubscription } from './routes/end-user/remove-event-subscription.ts';
import { registerFindDialogs } from './routes/end-user/search-dialogs.ts';
import { registerLabelDialog } from './routes/end-user/set-system-labels.ts';
import { type DialogEventsDeps, registerStreamDialogEvents } from './routes/end-user/stream-dialog-events.ts';
import { registerEventCatalogue } from './routes/event-catalogue.ts';
import { registerFreezeDialog } from './routes/freeze-dialog.ts';
import { registerGetActivity } from './routes/get-activity.ts';
import { registerGetDialog } from './routes/get-dialog.ts';
import { registerGetIssuerMetadata } from './routes/get-issuer-metadata.ts';
import { registerGetLimits } from './routes/get-limits.ts';
import { type OperationDeps, registerGetOperation } from './routes/get-operation.ts';
import { registerGetSeenLog } from './routes/get-seen-log.ts';
import { registerGetServiceOwnerLabels } from './routes/get-service-owner-labels.ts';
import { registerGetSigningKeys } from './routes/get-signing-keys.ts';
import { registerGetTransmission } from './routes/get-transmission.ts';
import { registerListActivities } from './routes/list-activities.ts';
import { registerListSeenLog } from './routes/list-seen-log.ts';
import { registerListServiceResources } from './routes/list-service-resources.ts';
import { registerListTransmissions } from './routes/list-transmissions.ts';
import { registerLookUpDialog } from './routes/look-up-dialog.ts';
import { registerMoveFormSavedActivity } from './routes/move-form-saved-activity.ts';
import { registerOpenEventSubscription } from './routes/open-event-subscription.ts';
import { registerPatchDialog } from './routes/patch-dialog.ts';
import { registerPurgeDialog } from './routes/purge-dialog.ts';
import { registerRemoveEventSubscription } from './routes/remove-event-subscription.ts';
import { registerRemoveServiceOwnerLabel } from './routes/remove-service-owner-label.ts';
import { registerRestoreDialog } from './routes/restore-dialog.ts';
import { registerSearchDialogs, type SearchDeps } from './routes/search-dialogs.ts';
import { registerSearchEndUserContexts } from './routes/search-end-user-contexts.ts';
import { registerSetSystemLabels } from './routes/set-system-labels.ts';
import { registerShouldSendNotification } from './routes/should-send-notification.ts';
import { registerUpdateDialog } from './routes/update-dialog.ts';
import { registerUpdateTransmission } from './routes/update-transmission.ts';
import type { WriteDeps } from './submit-command.ts';
import type { SubscriptionDeps } from './subscription-request.ts';

export type GatewayDeps = AuthenticationDeps &
  WriteDeps &
  BatchRouteDeps &
  OperationDeps &
  CatalogueDeps &
  DialogEventsDeps &
  SearchDeps &
  SubscriptionDeps & {
    db: Database;
    lists: ListAuthorizations;
    limits: ExactListLimits;
    authorisedParties: AuthorisedParties;
    decisions: Decisions;
    policySettings: PolicySettings;
    representedParties: RepresentedParties;
    dialogTokens: DialogTokens;
    /** Secret by which persons are told apart without being told. */
    actorSalt: Uint8Array;
    maintenance: MaintenanceSwitch;
    /** Where clients reach the gateway; for the description of the API. */
    publicUrl: string | undefined;
    checks: readonly HealthCheck[];
    deepChecks?: readonly HealthCheck[];
    registry: Registry;
    log: Logger;
  };

/** The whole HTTP side of the gateway. `app.request` and `app.fetch` need no server. */
export function createApp(deps: GatewayDeps): GatewayApp {
  // Paths are matched without regard to case. What is in them besides names are UUIDs, which do not mind.
  const app: GatewayApp = new OpenAPIHono<GatewayEnv>({ getPath: (request) => getPath(request).toLowerCase() });
  app.use(observe(deps));
  app.use('/api/*', servingUnless(deps.maintenance));
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => {
        const allowed = isOfApi(c.req.path) ? methods.filter((method) => method !== 'HEAD') : methods;
        return problemResponse(c, problemOf(405), { Allow: allowed.join(', ') });
      },
    }),
  );
  // Hono serves HEAD as GET. It is no part of the API (section 1.8): some of its GETs leave a visit behind.
  app.use((c, next) => {
    const refused = c.req.method === 'HEAD' && isOfApi(c.req.path) && matchedRoutes(c).some(isGet);
    return refused ? Promise.resolve(problemResponse(c, problemOf(405), { Allow: 'GET' })) : next();
  });
  app.onError((err, c) => faultResponse(c, err, deps.log));
  app.notFound((c) => problemResponse(c, problemOf(404)));

  const catalogue = createCatalogue(deps);
  registerGetLimits(app);
  registerListServiceResources(app, { catalogue });
  registerShouldSendNotification(app, deps);
  app.use(`${serviceOwnerPath}/*`, serviceOwnersOnly(deps));
  registerCreateDialog(app, deps);
  registerBatchDialogs(app, deps);
  registerSearchDialogs(app, deps);
  // Before what is read as the id of a dialog.
  registerSearchEndUserContexts(app, deps);
  registerGetDialog(app, deps);
  registerUpdateDialog(app, deps);
  registerPatchDialog(app, deps);
  registerDeleteDialog(app, deps);
  registerRestoreDialog(app, deps);
  registerPurgeDialog(app, deps);
  registerFreezeDialog(app, deps);
  registerCreateTransmission(app, deps);
  registerListTransmissions(app, deps);
  registerGetTransmission(app, deps);
  registerUpdateTransmission(app, deps);
  registerCreateActivity(app, deps);
  registerListActivities(app, deps);
  registerGetActivity(app, deps);
  registerMoveFormSavedActivity(app, deps);
  registerGetServiceOwnerLabels(app, deps);
  registerAddServiceOwnerLabel(app, deps);
  registerRemoveServiceOwnerLabel(app, deps);
  registerSetSystemLabels(app, deps);
  registerBulkSetSystemLabels(app, deps);
  registerListSeenLog(app, deps);
  registerGetSeenLog(app, deps);
  registerLookUpDialog(app, deps);
  registerGetOperation(app, deps);
  registerOpenEventSubscription(app, deps);
  registerRemoveEventSubscription(app, deps);

  registerStreamDialogEvents(app, deps);
  app.use(`${endUserPath}/*`, endUsersOnly(deps));
  registerFindDialogs(app, deps);
  registerOpenDialog(app, deps);
  registerReadTransmissions(app, deps);
  registerReadTransmission(app, deps);
  registerReadActivities(app, deps);
  registerReadActivity(app, deps);
  registerReadSeenLog(app, deps);
  registerReadVisit(app, deps);
  registerReadLabelLog(app, deps);
  registerLabelDialog(app, deps);
  registerLabelDialogs(app, deps);
  registerListParties(app, deps);
  registerOpenPartyEventSubscription(app, deps);
  registerRemovePartyEventSubscription(app, deps);
  registerFindDialogByReference(app, deps);
  const authorisedResources = createAuthorisedResources(deps, deps.limits);
  registerListAuthorisedResources(app, { ...deps, authorisedResources, catalogue });

  registerGetSigningKeys(app, deps);
  registerGetIssuerMetadata(app, deps);

  registerDocumentation(app, deps);
  registerEventCatalogue(app, deps);
  app.route('/', healthRoutes(deps));
  return app;
}

function isOfApi(path: string): boolean {
  return path.startsWith('/api/');
}

function isGet({ method }: { method: string }): boolean {
  return method === 'GET';
}
