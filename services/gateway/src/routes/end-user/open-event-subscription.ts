import { isListed, type ListAuthorizations } from '@dialog/access/list-authorization';
import {
  type EventTopic,
  type OpenPartySubscriptionBody,
  openPartySubscriptionBody,
  subscriptionAccess,
} from '@dialog/contracts/event-subscription';
import type { Timestamp } from '@dialog/contracts/timestamp';
import { validateOpenPartySubscription } from '@dialog/contracts/validate';
import type { Database } from '@dialog/database/open';
import { createRoute } from '@hono/zod-openapi';
import { read } from '../../database-reads.ts';
import { endUserPath, type GatewayApp } from '../../gateway-app.ts';
import { byEndUser, jsonBody, ok, problemResponses } from '../../openapi.ts';
import { forbidden, notFound } from '../../problem-response.ts';
import {
  filteredBy,
  openSubscription,
  partySubscriber,
  readSubscription,
  type SubscriptionDeps,
} from '../../subscription-request.ts';

const route = createRoute({
  ...byEndUser,
  method: 'post',
  path: `${endUserPath}/events/subscriptions`,
  operationId: 'OpenEventSubscription',
  summary: 'Subscribe to the events of a party’s dialogs',
  description:
    'Opens a subscription, or one that is there again, and lets its reader into NATS for some minutes. Ask again before ' +
    'they are over: the answer has the services that the end user may read at the party then. Without a service in the ' +
    'filter they are those that the party has dialogs of.',
  request: {
    body: jsonBody(openPartySubscriptionBody, {
      name: 'inbox',
      party: 'urn:altinn:organization:identifier-no:991825827',
    }),
  },
  responses: { 200: ok(subscriptionAccess, 'How to get in.'), ...problemResponses(400, 404, 413, 415, 422) },
});

type PartySubscriptionDeps = SubscriptionDeps & {
  db: Database;
  lists: Pick<ListAuthorizations, 'listAuthorization'>;
  now: () => Timestamp;
};

export function registerOpenPartyEventSubscription(app: GatewayApp, deps: PartySubscriptionDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.post(route.getRoutingPath(), async (c) => {
    const request = await readSubscription(c, deps, validateOpenPartySubscription);
    if (!request.ok) return request.response;
    const { party } = request.value;
    const { id } = c.get('endUser');
    const readable = await readableTopics(deps, id, request.value);
    switch (readable.kind) {
      case 'forbidden':
        return forbidden(c, 'Forbidden', 'The end user may read none of this party.');
      case 'dialog-not-found':
        return notFound(c, 'DialogEntity', readable.dialogId);
      case 'readable':
        return openSubscription(c, deps, partySubscriber(id, party), request.value, readable.topics);
    }
  });
}

type Readable =
  | { kind: 'readable'; topics: EventTopic[] }
  | { kind: 'forbidden' }
  | { kind: 'dialog-not-found'; dialogId: string };

/**
 * What of a party's events an end user may have, by the rule of lists (authorization, section 8): of each service that
 * it may read there, and of a single dialog also when that alone was delegated.
 *
 * @throws UpstreamFailure when the platform has to be asked and is away, DatabaseUnavailable
 */
async function readableTopics(
  { db, lists, now }: PartySubscriptionDeps,
  caller: string,
  body: OpenPartySubscriptionBody,
): Promise<Readable> {
  const { party } = body;
  const { serviceResource, type, dialogId } = filteredBy(body);
  const topic = { audience: 'party' as const, party, type, dialogId };
  const question = { caller, parties: [party], resources: serviceResource === null ? [] : [serviceResource] };
  const rights = await lists.listAuthorization({ ...question, prune: 'never' });
  if (dialogId !== null) {
    const dialog = await findVisible(db, dialogId, now());
    const isAsked = dialog?.party === party && (serviceResource ?? dialog.serviceResource) === dialog.serviceResource;
    if (dialog === undefined || !isAsked || !isListed(rights, dialog)) return { kind: 'dialog-not-found', dialogId };
    return { kind: 'readable', topics: [{ ...topic, serviceResource: dialog.serviceResource }] };
  }
  const granted = rights.resourcesByParty.get(party);
  if (granted === undefined || granted.size === 0) return { kind: 'forbidden' };
  // There may be hundreds of services of which the party has no dialogs. One that comes to be used is added when the
  // subscriber asks again, and misses nothing.
  const followed =
    serviceResource === null
      ? (await lists.listAuthorization({ ...question, prune: 'always' })).resourcesByParty.get(party)
      : granted;
  const resources = [...(followed ?? [])].sort();
  return { kind: 'readable', topics: resources.map((resource) => ({ ...topic, serviceResource: resource })) };
}

function findVisible(db: Database, id: string, now: Timestamp) {
  return read(() =>
    db
      .selectFrom('dialog')
      .select(['id', 'party', 'service_resource as serviceResource'])
      .where('id', '=', id)
      .where((dialog) => dialog.or([dialog('visible_from', 'is', null), dialog('visible_from', '<=', now)]))
      .executeTakeFirst(),
  );
}
