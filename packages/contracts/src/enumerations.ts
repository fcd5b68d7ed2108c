import { z } from '@hono/zod-openapi';
import { unreadable } from './fault.ts';

/** The numbers by which a request may name the members of an enumeration. */
type Numbers<Name extends string> = Readonly<Record<Name, number>>;

/**
 * An enumeration in a request: a member is named in any casing or by its number, and comes out by its name, or by the
 * one that has replaced it.
 */
function given<Name extends string, Stored extends string>(
  refId: string,
  numbers: Numbers<Name>,
  replaced: (name: Name) => Stored,
) {
  const names = namesOf(numbers);
  const byText = new Map<string, Stored>();
  for (const name of names) {
    for (const text of [name, name.toLowerCase(), String(numbers[name])]) byText.set(text, replaced(name));
  }

  return z
    .union([z.string(), z.number()])
    .transform((member, context): Stored => {
      const text = String(member);
      const stored = byText.get(text) ?? byText.get(text.toLowerCase());
      if (stored !== undefined) return stored;
      const isNumber = /^-?\d{1,15}$/.test(text);
      context.addIssue({
        code: 'custom',
        message: `Must be one of ${names.join(', ')}.`,
        // A number without a member can be read, it just stands for nothing.
        ...(!isNumber && { params: unreadable }),
      });
      return z.NEVER;
    })
    .openapi(refId, { type: 'string', enum: names });
}

function namesOf<Name extends string>(numbers: Numbers<Name>): Name[] {
  const names: Name[] = [];
  for (const name in numbers) names.push(name);
  return names;
}

function itself<Name extends string>(name: Name): Name {
  return name;
}

const dialogStatuses = {
  InProgress: 2,
  Draft: 3,
  RequiresAttention: 5,
  Completed: 6,
  NotApplicable: 7,
  Awaiting: 8,
};
export const dialogStatus = given('DialogStatus', dialogStatuses, itself);
export const dialogStatusName = z.enum(namesOf(dialogStatuses)).openapi('DialogStatus');
export type DialogStatus = z.output<typeof dialogStatusName>;

/** The status that a dialog is given. `New` and `Sent` are older names, of `NotApplicable` and `Awaiting`. */
export const dialogStatusInput = given(
  'DialogStatusInput',
  { New: 1, Sent: 4, ...dialogStatuses },
  (name): DialogStatus => {
    if (name === 'New') return 'NotApplicable';
    return name === 'Sent' ? 'Awaiting' : name;
  },
);

const transmissionTypes = {
  Information: 1,
  Acceptance: 2,
  Rejection: 3,
  Request: 4,
  Alert: 5,
  Decision: 6,
  Submission: 7,
  Correction: 8,
};
export const transmissionType = given('DialogTransmissionType', transmissionTypes, itself);
export const transmissionTypeName = z.enum(namesOf(transmissionTypes)).openapi('DialogTransmissionType');
export type TransmissionType = z.output<typeof transmissionTypeName>;

const activityTypes = {
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
};
export const activityType = given('DialogActivityType', activityTypes, itself);
export const activityTypeName = z.enum(namesOf(activityTypes)).openapi('DialogActivityType');
export type ActivityType = z.output<typeof activityTypeName>;

const actorTypes = { PartyRepresentative: 1, ServiceOwner: 2 };
export const actorType = given('ActorType', actorTypes, itself);
export const actorTypeName = z.enum(namesOf(actorTypes)).openapi('ActorType');
export type ActorType = z.output<typeof actorTypeName>;

const guiActionPriorities = { Primary: 1, Secondary: 2, Tertiary: 3 };
export const guiActionPriority = given('DialogGuiActionPriority', guiActionPriorities, itself);
export const guiActionPriorityName = z.enum(namesOf(guiActionPriorities)).openapi('DialogGuiActionPriority');
export type GuiActionPriority = z.output<typeof guiActionPriorityName>;

const httpVerbs = { GET: 1, POST: 2, PUT: 3, PATCH: 4, DELETE: 5, HEAD: 6, OPTIONS: 7, TRACE: 8, CONNECT: 9 };
export const httpVerb = given('HttpVerb', httpVerbs, itself);
export const httpVerbName = z.enum(namesOf(httpVerbs)).openapi('HttpVerb');
export type HttpVerb = z.output<typeof httpVerbName>;

const consumerTypes = { Gui: 1, Api: 2 };
export const consumerType = given('AttachmentUrlConsumerType', consumerTypes, itself);
export const consumerTypeName = z.enum(namesOf(consumerTypes)).openapi('AttachmentUrlConsumerType');
export type ConsumerType = z.output<typeof consumerTypeName>;

const systemLabels = { Default: 1, Bin: 2, Archive: 3, MarkedAsUnopened: 4, Sent: 5 };
export const systemLabel = given('SystemLabel', systemLabels, itself);
export const systemLabelName = z.enum(namesOf(systemLabels)).openapi('SystemLabel');
export type SystemLabel = z.output<typeof systemLabelName>;

export const deletedFilter = given('DeletedFilter', { Exclude: 1, Include: 2, Only: 3 }, itself);
export type DeletedFilter = z.output<typeof deletedFilter>;

export const notificationConditionType = given('NotificationConditionType', { NotExists: 1, Exists: 2 }, itself);
export type NotificationConditionType = z.output<typeof notificationConditionType>;
