import { z } from 'zod';
import { type ActivityEventType, activityTypeOf, type CloudEventType, isOfActivity } from './cloud-event-type.ts';
import { canonicalTimestamp } from './timestamp.ts';

/** What every event tells (CloudEvents 1.0, JSON form). Members without a value are left out. */
const attributes = {
  specversion: z.literal('1.0'),
  id: z.uuid().describe('The same on every repetition, and for both audiences.'),
  time: canonicalTimestamp.meta({
    format: 'date-time',
    pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{7}Z$',
    description: 'When it was done. UTC, seven decimals.',
    examples: ['2026-03-01T08:15:29.9870000Z'],
  }),
  resource: z
    .string()
    .describe('URN of the service resource.')
    .meta({ examples: ['urn:altinn:resource:ttd-building-permit'] }),
  resourceinstance: z.uuid().describe('The dialog’s id.'),
  subject: z
    .string()
    .describe('URN of the party.')
    .meta({ examples: ['urn:altinn:organization:identifier-no:313007103'] }),
  source: z.url().describe('Where end users read what it is about.'),
};

/** The process that the dialog belongs to. */
const process = {
  process: z.exactOptional(z.string()).describe('URI of the process that the dialog belongs to.'),
  precedingProcess: z.exactOptional(z.string()).describe('URI of the process that came before.'),
};

const transmissionEventType = 'dialogporten.dialog.transmission.created.v1';
type TransmissionEventType = typeof transmissionEventType;
type ChangeEventType = Exclude<CloudEventType, ActivityEventType | TransmissionEventType>;

function changed<Type extends ChangeEventType>(type: Type) {
  return z.object({ ...attributes, type: z.literal(type), data: z.exactOptional(z.object(process)) });
}

function transmissionCreated(type: TransmissionEventType) {
  const senderType = z.enum(['PartyRepresentative', 'ServiceOwner']).describe('Which side sent it.');
  return z.object({ ...attributes, type: z.literal(type), data: z.object({ ...process, senderType }) });
}

function activityCreated<Type extends ActivityEventType>(type: Type) {
  const data = z.object({
    ...process,
    activityId: z.uuid(),
    extendedActivityType: z
      .exactOptional(z.string())
      .describe('URI by which the owner tells its kinds of activities apart.'),
  });
  return z.object({ ...attributes, type: z.literal(type), data });
}

/** Something became of the dialog itself. */
export type DialogChangedEvent = z.infer<ReturnType<typeof changed<ChangeEventType>>>;
/** The dialog got a transmission; `source` ends in its id. */
export type TransmissionCreatedEvent = z.infer<ReturnType<typeof transmissionCreated>>;
/** The dialog got an activity. */
export type ActivityCreatedEvent = z.infer<ReturnType<typeof activityCreated<ActivityEventType>>>;
/** An event as subscribers get it; `type` tells which (events, section 3). */
export type DialogCloudEvent = DialogChangedEvent | TransmissionCreatedEvent | ActivityCreatedEvent;

const meanings: Readonly<Record<ChangeEventType | TransmissionEventType, string>> = {
  'dialogporten.dialog.created.v1': 'The dialog is there: it was created, or its time has come.',
  'dialogporten.dialog.updated.v1': 'The dialog or something in it is another, or somebody has opened it.',
  'dialogporten.dialog.deleted.v1': 'The dialog was deleted, for the time being or for good.',
  'dialogporten.dialog.restored.v1': 'A deleted dialog is there again.',
  'dialogporten.dialog.seen.v1': 'An end user has opened the dialog. `id` is that of the entry in the seen log.',
  'dialogporten.dialog.expired.v1': 'The time of the dialog is over: end users no longer see it.',
  'dialogporten.dialog.transmission.created.v1': 'The dialog has one transmission more. `source` ends in its id.',
};

/** What an event of this type looks like. Members may be added: whoever reads one leaves those alone that it does not know. */
export function cloudEventSchema(type: CloudEventType): z.ZodType<DialogCloudEvent> {
  if (isOfActivity(type)) {
    return activityCreated(type).describe(`The dialog has one activity more, of the type ${activityTypeOf(type)}.`);
  }
  const schema = type === transmissionEventType ? transmissionCreated(type) : changed(type);
  return schema.describe(meanings[type]);
}
