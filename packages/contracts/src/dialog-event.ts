import { z } from 'zod';
import { canonicalTimestamp } from './timestamp.ts';

/** Who an event is for: the service owner, or the party's end users and their systems. */
export const audience = z.enum(['owner', 'party']);
export type Audience = z.infer<typeof audience>;

/** The CloudEvent's id; with the audience, the message id that JetStream de-duplicates by. */
const common = { id: z.uuid(), audiences: z.array(audience).min(1) };

/** One thing that happened to a dialog (service owner API, section 37). */
export const dialogEvent = z.discriminatedUnion('type', [
  z.object({ ...common, type: z.literal('DialogCreated') }),
  z.object({ ...common, type: z.literal('DialogUpdated') }),
  z.object({ ...common, type: z.literal('DialogDeleted') }),
  z.object({ ...common, type: z.literal('DialogRestored') }),
  /** Its id is that of the entry in the seen log, which tells who it was. */
  z.object({ ...common, type: z.literal('DialogSeen') }),
  /** Its time is over. Told to the party alone, and never to the platform (service owner API, section 38.3). */
  z.object({ ...common, type: z.literal('DialogExpired') }),
  z.object({
    ...common,
    type: z.literal('DialogTransmissionCreated'),
    transmissionId: z.uuid(),
    senderType: z.enum(['PartyRepresentative', 'ServiceOwner']),
  }),
  z.object({
    ...common,
    type: z.literal('DialogActivityCreated'),
    activityId: z.uuid(),
    activityType: z.string(),
    extendedType: z.string().nullable(),
  }),
]);
export type DialogEvent = z.infer<typeof dialogEvent>;

/**
 * Events of one applied command, with the dialog's facts at that moment: one row of the outbox. There are several rows
 * where there are many events.
 */
export const dialogChange = z.object({
  dialogId: z.uuid(),
  revision: z.uuid(),
  org: z.string(),
  party: z.string(),
  serviceResource: z.string(),
  process: z.string().nullable(),
  precedingProcess: z.string().nullable(),
  occurredAt: canonicalTimestamp,
  traceparent: z.string().nullable(),
  events: z.array(dialogEvent).min(1),
});
export type DialogChange = z.infer<typeof dialogChange>;
