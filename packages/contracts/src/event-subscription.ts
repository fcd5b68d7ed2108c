import { z } from '@hono/zod-openapi';
import { cloudEventTypes } from './cloud-event-type.ts';
import { serviceResource } from './create-dialog.ts';
import { addBroken } from './fault.ts';
import { optionalInstant } from './instant.ts';
import { party } from './party.ts';
import { canonicalTimestamp } from './timestamp.ts';
import { optionalUuid } from './uuid-v7.ts';

const nameForm = /^[A-Za-z0-9_-]{1,64}$/;

/** Whether it can be the name of a subscription. Names are of one subscriber each, and differ by casing. */
export function isSubscriptionName(text: string): boolean {
  return nameForm.test(text);
}

const from = z
  .object({
    time: optionalInstant,
    sequence: z
      .int()
      .min(1)
      .nullable()
      .default(null)
      .openapi({ description: 'As events have it. 1 is the oldest kept.' }),
  })
  .check((payload) => {
    const { time, sequence } = payload.value;
    if ((time === null) === (sequence === null)) addBroken(payload, 'Exactly one of time and sequence must be given.');
  })
  .nullable()
  .default(null)
  .openapi({
    description: 'Where a new subscription begins; without it, now. One that is there goes on where it was.',
  });

const filter = z
  .object({
    serviceResource: serviceResource.nullable().default(null),
    type: z.enum(cloudEventTypes).nullable().default(null),
    dialogId: optionalUuid,
  })
  .nullable()
  .default(null)
  .openapi({ description: 'Which events; what is left out may be anything.' });

const members = {
  name: z.string().regex(nameForm, 'Must be 1 to 64 letters, digits, hyphens and underscores of ASCII.').openapi({
    description: 'What is confirmed stays so under this name. Another filter under the same name begins anew.',
    example: 'case-sync',
  }),
  from,
  filter,
};

/** What a service owner subscribes with. */
export const openSubscriptionBody = z.object(members).openapi('OpenEventSubscription');
export type OpenSubscriptionBody = z.output<typeof openSubscriptionBody>;
/** As callers write it. */
export type OpenSubscriptionInput = z.input<typeof openSubscriptionBody>;

/** What an end user subscribes with: to one party at a time. */
export const openPartySubscriptionBody = z.object({ party, ...members }).openapi('OpenPartyEventSubscription');
export type OpenPartySubscriptionBody = z.output<typeof openPartySubscriptionBody>;
export type OpenPartySubscriptionInput = z.input<typeof openPartySubscriptionBody>;

/** How to get in on NATS: what a subscriber is given in exchange for its access token. */
export const subscriptionAccess = z
  .object({
    servers: z.array(z.string()).openapi({ description: 'Addresses of NATS.', example: ['nats://127.0.0.1:4222'] }),
    credentials: z.string().openapi({ description: 'A NATS credentials file: user JWT and secret key.' }),
    issuedAt: canonicalTimestamp,
    expiresAt: canonicalTimestamp.openapi({ description: 'NATS closes the connection then. Ask again before.' }),
    queue: z.string().openapi({ description: 'Queue group to subscribe in: readers with one name share the events.' }),
    deliveries: z
      .array(
        z.object({
          serviceResource: z.string().nullable(),
          subject: z.string().openapi({ description: 'Events arrive here. Their reply subject confirms them.' }),
          confirmTo: z
            .string()
            .openapi({ description: 'Takes reply subjects of events, one a line, to confirm them.' }),
          confirmedOn: z.string().openapi({ description: 'Tells those lines that are confirmed.' }),
        }),
      )
      .openapi({ description: 'What to subscribe to, all of them. Of an end user one for each service.' }),
  })
  .openapi('EventSubscription');
export type SubscriptionAccess = z.output<typeof subscriptionAccess>;

const topic = {
  serviceResource: z.string().nullable(),
  type: z.enum(cloudEventTypes).nullable(),
  dialogId: z.string().nullable(),
};

/** Events of one audience; null may be anything. */
export const eventTopic = z.discriminatedUnion('audience', [
  z.object({ audience: z.literal('owner'), org: z.string(), ...topic }),
  z.object({ audience: z.literal('party'), party: z.string(), ...topic }),
]);
export type EventTopic = z.output<typeof eventTopic>;

/** Subjects on which the gateway asks the event-relay, which trusts that it may. */
export const subscriptionSubjects = {
  open: 'dialogporten.subscriptions.open',
  remove: 'dialogporten.subscriptions.remove',
} as const;

const subscription = {
  /** Who it belongs to, whatever identifies the subscriber. */
  subscriber: z.string(),
  name: z.string(),
};

export const openSubscription = z.object({
  ...subscription,
  from: z.object({ time: canonicalTimestamp.nullable(), sequence: z.int().nullable() }).nullable(),
  topics: z.array(eventTopic),
});
export type OpenSubscription = z.output<typeof openSubscription>;

export const openedSubscription = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('opened'), access: subscriptionAccess }),
  z.object({ kind: z.literal('too-many-consumers'), consumersMax: z.int() }),
  z.object({ kind: z.literal('failed') }),
]);
export type OpenedSubscription = z.output<typeof openedSubscription>;

export const removeSubscription = z.object(subscription);
export type RemoveSubscription = z.output<typeof removeSubscription>;

export const removedSubscription = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('removed'), consumerCount: z.int() }),
  z.object({ kind: z.literal('failed') }),
]);
export type RemovedSubscription = z.output<typeof removedSubscription>;
