import { z } from 'zod';
import type { ActivityBody } from './activity.ts';
import type { Actor } from './actor.ts';
import type { CreateDialogBody } from './create-dialog.ts';
import type { JsonPatch } from './json-patch.ts';
import { rights } from './rights.ts';
import type { GivenLabel } from './system-labels.ts';
import { canonicalTimestamp } from './timestamp.ts';
import type { TransmissionBody, UpdateTransmissionBody } from './transmission.ts';
import type { UpdateDialogBody } from './update-dialog.ts';

export type { Rights } from './rights.ts';

/**
 * What the gateway asked of other systems on behalf of a command, so that decide needs no I/O:
 * the resources named in the payload that the caller does not own, and the registered name of each actor id
 * (an actor id without an entry is unknown to the name registry).
 */
export const facts = z.object({
  notOwned: z.array(z.string()),
  actorNames: z.record(z.string(), z.string()),
});
export type Facts = z.infer<typeof facts>;

/** An id that a caller wrote. No dialog has one that RFC 9562 does not know, but anybody may ask for it. */
const givenId = z.guid();

const header = z.object({
  /** UUIDv7. Also the id of the operation, and what makes a second delivery harmless. */
  id: z.uuid(),
  dialogId: givenId,
  /** Short name of the org that sent the command. */
  org: z.string(),
  rights,
  facts,
  /** The revision that the caller last saw, of the part that the command changes; null when it did not say. */
  ifMatch: givenId.nullable(),
  silent: z.boolean(),
  receivedAt: canonicalTimestamp,
  /** W3C trace context of the request. */
  traceparent: z.string().nullable(),
  /** Under which the org applies this change of the dialog once; of a create, that of the dialog. Absent: no such key. */
  idempotentKey: z.string().exactOptional(),
});

/** Removals come first, then additions, each in order (service owner API, section 13.6). */
const labelling = {
  addLabels: z.array(z.custom<GivenLabel>(isString)),
  removeLabels: z.array(z.custom<GivenLabel>(isString)),
  /** Whom the label log names: the end user on whose behalf the request was made, or whom the request named. */
  performedBy: z.custom<Actor>(isObject),
  /** Whether the request named them, which only an administrator may. */
  performerNamed: z.boolean(),
  /** Whether an end user asked for it, who may label dialogs of any organisation. */
  byEndUser: z.boolean().default(false),
  /** Dialogs that the end user may not see, as far as the gateway could tell. */
  unauthorized: z.array(givenId),
};

// A payload was parsed by the gateway with the schema that its type comes from. Parsing it again here would cost every
// write a second validation; a payload that no longer fits ends as a poison command, which harms nobody else.
export const command = z.discriminatedUnion('kind', [
  header.extend({
    kind: z.literal('CreateDialog'),
    /** From the resource registry: owner org and type of the dialog's service resource, in lower case. Null: unknown. */
    resource: z.object({ org: z.string(), type: z.string() }).nullable(),
    payload: z.custom<CreateDialogBody>(isObject),
  }),
  header.extend({ kind: z.literal('UpdateDialog'), payload: z.custom<UpdateDialogBody>(isObject) }),
  header.extend({ kind: z.literal('PatchDialog'), payload: z.custom<JsonPatch>(Array.isArray) }),
  header.extend({
    kind: z.literal('CreateTransmission'),
    /** `payload.id`, or an id that the gateway made: the answer names it before the command is applied. */
    transmissionId: z.uuid(),
    payload: z.custom<TransmissionBody>(isObject),
  }),
  header.extend({
    kind: z.literal('UpdateTransmission'),
    transmissionId: givenId,
    payload: z.custom<UpdateTransmissionBody>(isObject),
  }),
  header.extend({
    kind: z.literal('CreateActivity'),
    activityId: z.uuid(),
    payload: z.custom<ActivityBody>(isObject),
  }),
  header.extend({ kind: z.literal('MoveFormSavedActivity'), activityId: givenId, createdAt: canonicalTimestamp }),
  header.extend({ kind: z.literal('DeleteDialog') }),
  header.extend({ kind: z.literal('RestoreDialog') }),
  header.extend({ kind: z.literal('PurgeDialog') }),
  header.extend({ kind: z.literal('FreezeDialog') }),
  header.extend({ kind: z.literal('AddServiceOwnerLabel'), label: z.string() }),
  header.extend({ kind: z.literal('RemoveServiceOwnerLabel'), label: z.string() }),
  header.extend({
    kind: z.literal('RecordVisit'),
    /** The end user, by identifier and name. */
    seenBy: z.custom<Actor & { actorId: string }>(isObject),
    isViaServiceOwner: z.boolean(),
    /** Of the dialog that the end user was shown. It may have been updated since. */
    contentUpdatedAt: canonicalTimestamp,
  }),
  header.extend({ kind: z.literal('SetSystemLabels'), ...labelling }),
  header.extend({
    kind: z.literal('BulkSetSystemLabels'),
    ...labelling,
    /** At most 200, all of them or none. The lane is that of `dialogId`, the first of them. */
    dialogs: z.array(z.object({ dialogId: givenId, endUserContextRevision: givenId.nullable() })).min(1),
  }),
  /** Sent by the visibility-worker, in the name of the dialog's org, when its `visibilityDueAt` has come. */
  header.extend({ kind: z.literal('ApplyVisibility') }),
]);
export type Command = z.infer<typeof command>;
export type CommandKind = Command['kind'];
export type CommandOf<K extends CommandKind> = Extract<Command, { kind: K }>;

/**
 * Version of the envelope contract. It goes up with each new kind of command and each new member that a worker must
 * understand: a worker leaves an envelope that is newer than itself on the lane, and reads those that are older.
 */
export const envelopeVersion = 4;

/** The commands that one gateway sends down a lane together, as one BullMQ job. */
export const envelope = z.object({
  version: z.int().min(1).max(envelopeVersion),
  /** How many lanes the sender knows. A worker that knows another number must not touch the envelope. */
  laneCount: z.number().int().positive(),
  lane: z.number().int().nonnegative(),
  /** NATS subject on which the sender waits for the outcomes. */
  replyTo: z.string(),
  commands: z.array(command).min(1),
});
export type Envelope = z.infer<typeof envelope>;

function isString(value: unknown): boolean {
  return typeof value === 'string';
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
