import { z } from '@hono/zod-openapi';
import { unreadable } from './fault.ts';

/**
 * An enumeration of the API: a request may name a member in any casing or by its number, and gets the name back.
 *
 * `numbers` has the number of each name, `stored` the names that deprecated ones are replaced by.
 */
function enumeration<Name extends string, Stored extends string = Name>(
  numbers: Readonly<Record<Name, number>>,
  stored: (name: Name) => Stored,
) {
  const names: Name[] = [];
  const byText = new Map<string, Stored>();
  for (const name in numbers) {
    names.push(name);
    for (const text of [name, name.toLowerCase(), String(numbers[name])]) byText.set(text, stored(name));
  }

  return z
    .union([z.string(), z.number()])
    .transform((given, context): Stored => {
      const text = String(given);
      const member = byText.get(text) ?? byText.get(text.toLowerCase());
      if (member !== undefined) return member;
      const isNumber = /^-?\d{1,15}$/.test(text);
      context.addIssue({
        code: 'custom',
        message: `Must be one of ${names.join(', ')}.`,
        // An undefined number can be read, it just stands for nothing.
        ...(!isNumber && { params: unreadable }),
      });
      return z.NEVER;
    })
    .openapi({ type: 'string', enum: names });
}

function asIs<Name extends string>(name: Name): Name {
  return name;
}

export type DialogStatus = 'InProgress' | 'Draft' | 'RequiresAttention' | 'Completed' | 'NotApplicable' | 'Awaiting';

const dialogStatusNumbers = {
  InProgress: 2,
  Draft: 3,
  RequiresAttention: 5,
  Completed: 6,
  NotApplicable: 7,
  Awaiting: 8,
} as const;

export const dialogStatus = enumeration(dialogStatusNumbers, asIs).openapi('DialogStatus');

/** The status in a request. `New` and `Sent` are older names, for `NotApplicable` and `Awaiting`. */
export const dialogStatusInput = enumeration({ New: 1, Sent: 4, ...dialogStatusNumbers }, (name): DialogStatus => {
  if (name === 'New') return 'NotApplicable';
  return name === 'Sent' ? 'Awaiting' : name;
}).openapi('DialogStatusInput');

export const transmissionType = enumeration(
  {
    Information: 1,
    Acceptance: 2,
    Rejection: 3,
    Request: 4,
    Alert: 5,
    Decision: 6,
    Submission: 7,
    Correction: 8,
  },
  asIs,
).openapi('DialogTransmissionType');
export type TransmissionType = z.output<typeof transmissionType>;

export const activityType = enumeration(
  {
    DialogCreated: 1,
    DialogClosed: 2,
    Information: 3,
    TransmissionOpened: 4,
    PaymentMade: 5,
    SignatureProvided: 6,
    DialogOpened: 7,
    DialogDeleted: 8,
    DialogRestored: 9,
    SentToSigning: 10,
    SentToFormFill: 11,
    SentToSendIn: 12,
    SentToPayment: 13,
    FormSubmitted: 14,
    FormSaved: 15,
    CorrespondenceOpened: 16,
    CorrespondenceConfirmed: 17,
  },
  asIs,
).openapi('DialogActivityType');
export type ActivityType = z.output<typeof activityType>;

export const actorType = enumeration({ PartyRepresentative: 1, ServiceOwner: 2 }, asIs).openapi('ActorType');
export type ActorType = z.output<typeof actorType>;

export const guiActionPriority = enumeration({ Primary: 1, Secondary: 2, Tertiary: 3 }, asIs).openapi(
  'DialogGuiActionPriority',
);
export type GuiActionPriority = z.output<typeof guiActionPriority>;

export const httpVerb = enumeration(
  { GET: 1, POST: 2, PUT: 3, PATCH: 4, DELETE: 5, HEAD: 6, OPTIONS: 7, TRACE: 8, CONNECT: 9 },
  asIs,
).openapi('HttpVerb');
export type HttpVerb = z.output<typeof httpVerb>;

export const consumerType = enumeration({ Gui: 1, Api: 2 }, asIs).openapi('AttachmentUrlConsumerType');
export type ConsumerType = z.output<typeof consumerType>;

export const systemLabel = enumeration({ Default: 1, Bin: 2, Archive: 3, MarkedAsUnopened: 4, Sent: 5 }, asIs).openapi(
  'SystemLabel',
);
export type SystemLabel = z.output<typeof systemLabel>;

export const deletedFilter = enumeration({ Exclude: 1, Include: 2, Only: 3 }, asIs).openapi('DeletedFilter');
export type DeletedFilter = z.output<typeof deletedFilter>;

export const notificationConditionType = enumeration({ NotExists: 1, Exists: 2 }, asIs).openapi(
  'NotificationConditionType',
);
export type NotificationConditionType = z.output<typeof notificationConditionType>;
