import { scopes } from '@dialog/access/service-owner';
import type { TokenVerifier } from '@dialog/access/tokens';
import { activityType, notificationConditionType } from '@dialog/contracts/enumerations';
import type { Validated } from '@dialog/contracts/validate';
import type { Database } from '@dialog/database/open';
import * as activities from '@dialog/database/tables/activities';
import { createRoute, z } from '@hono/zod-openapi';
import { organisationsWith } from '../authentication.ts';
import { read } from '../database-reads.ts';
import { type GatewayApp, type GatewayContext, serviceOwnerPath } from '../gateway-app.ts';
import { jsonResponse } from '../json-response.ts';
import { byServiceOwner, dialogIdInPath, ok, problemResponses } from '../openapi.ts';
import { invalid, notFound } from '../problem-response.ts';
import { errorsOf, pathId, queryEnumeration, queryUuid } from '../request-parameters.ts';

const query = { in: 'query', required: true } as const;

const route = createRoute({
  ...byServiceOwner,
  method: 'get',
  path: `${serviceOwnerPath}/dialogs/{dialogId}/actions/should-send-notification`,
  operationId: 'CheckNotificationCondition',
  summary: 'Tell whether a reminder is still wanted',
  description: `For the notification system: with the scope \`${scopes.notificationCondition}\` alone, any dialog.`,
  parameters: [
    dialogIdInPath,
    {
      ...{ ...query, name: 'conditionType', schema: { type: 'string', enum: ['NotExists', 'Exists'] } },
      description: 'Whether to send if there is such an activity, or if there is none.',
    },
    { ...query, name: 'activityType', description: 'A DialogActivityType.', schema: { type: 'string' } },
    {
      ...{ ...query, required: false, name: 'transmissionId', schema: { type: 'string', format: 'uuid' } },
      description: 'With `TransmissionOpened`, and with nothing else: the transmission that was opened, or not.',
    },
  ],
  responses: { 200: ok(z.object({ sendNotification: z.boolean() }), 'The answer.'), ...problemResponses(400, 404) },
});

/** Registered before what lets service owners in: who asks here is none. */
export function registerShouldSendNotification(
  app: GatewayApp,
  { db, tokens }: { db: Database; tokens: TokenVerifier },
): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), organisationsWith(scopes.notificationCondition, { tokens }), async (c) => {
    const dialogId = pathId(c, 'dialogId');
    const condition = readCondition(c);
    if (!dialogId.ok || !condition.ok) return invalid(c, errorsOf(dialogId, condition));
    const { onExistence, activity } = condition.value;
    const exists = await read(() => activities.exists(db, dialogId.value, activity));
    if (exists === undefined) return notFound(c, 'DialogEntity', dialogId.value);
    return jsonResponse({ sendNotification: exists === onExistence }, 200, { 'Cache-Control': 'no-store' });
  });
}

type Condition = { onExistence: boolean; activity: Parameters<typeof activities.exists>[2] };

function readCondition(c: GatewayContext): Validated<Condition> {
  const condition = queryEnumeration(c, 'conditionType', notificationConditionType);
  const type = queryEnumeration(c, 'activityType', activityType);
  const transmissionId = queryUuid(c, 'transmissionId');
  const errors = errorsOf(condition, type, transmissionId);
  if (type.ok && transmissionId.ok && (type.value === 'TransmissionOpened') !== (transmissionId.value !== null)) {
    errors.transmissionId = ['Must be there if the activity type is TransmissionOpened, and only then.'];
  }
  if (!condition.ok || !type.ok || !transmissionId.ok || Object.keys(errors).length > 0) return { ok: false, errors };
  const activity = { type: type.value, transmissionId: transmissionId.value };
  return { ok: true, value: { onExistence: condition.value === 'Exists', activity } };
}
