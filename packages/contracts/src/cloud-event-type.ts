import type { Audience, DialogEvent } from './dialog-event.ts';
import type { ActivityType } from './enumerations.ts';

const byActivityType = {
  DialogCreated: 'dialogporten.dialog.activity.created.v1',
  DialogClosed: 'dialogporten.dialog.activity.closed.v1',
  Information: 'dialogporten.dialog.activity.information.v1',
  TransmissionOpened: 'dialogporten.dialog.activity.transmission-opened.v1',
  PaymentMade: 'dialogporten.dialog.activity.payment-made.v1',
  SignatureProvided: 'dialogporten.dialog.activity.signature-provided.v1',
  DialogOpened: 'dialogporten.dialog.activity.dialog-opened.v1',
  DialogDeleted: 'dialogporten.dialog.activity.dialog-deleted.v1',
  DialogRestored: 'dialogporten.dialog.activity.dialog-restored.v1',
  SentToSigning: 'dialogporten.dialog.activity.sent-to-signing.v1',
  SentToFormFill: 'dialogporten.dialog.activity.sent-to-form-fill.v1',
  SentToSendIn: 'dialogporten.dialog.activity.sent-to-send-in.v1',
  SentToPayment: 'dialogporten.dialog.activity.sent-to-payment.v1',
  FormSubmitted: 'dialogporten.dialog.activity.form-submitted.v1',
  FormSaved: 'dialogporten.dialog.activity.form-saved.v1',
  CorrespondenceOpened: 'dialogporten.dialog.activity.correspondence-opened.v1',
  CorrespondenceConfirmed: 'dialogporten.dialog.activity.correspondence-confirmed.v1',
} as const satisfies Record<ActivityType, string>;

const byEvent = {
  DialogCreated: 'dialogporten.dialog.created.v1',
  DialogUpdated: 'dialogporten.dialog.updated.v1',
  DialogDeleted: 'dialogporten.dialog.deleted.v1',
  DialogRestored: 'dialogporten.dialog.restored.v1',
  DialogSeen: 'dialogporten.dialog.seen.v1',
  DialogExpired: 'dialogporten.dialog.expired.v1',
  DialogTransmissionCreated: 'dialogporten.dialog.transmission.created.v1',
} as const satisfies Record<Exclude<DialogEvent['type'], 'DialogActivityCreated'>, string>;

export type ActivityEventType = (typeof byActivityType)[keyof typeof byActivityType];
/** What an event is called outside. Subscribers have these names in their code: they never change. */
export type CloudEventType = ActivityEventType | (typeof byEvent)[keyof typeof byEvent];

export const cloudEventTypes: readonly CloudEventType[] = [...Object.values(byEvent), ...Object.values(byActivityType)];

/** Who ever gets events of a type. Whether each of them gets a certain one is decided with the change. */
export function audiencesOfType(type: CloudEventType): readonly Audience[] {
  return type === byEvent.DialogExpired ? ['party'] : ['owner', 'party'];
}

/** What the event of a change is called; those of activities have a name for each type of activity. */
export function cloudEventTypeOf<Type extends keyof typeof byEvent>(type: Type): (typeof byEvent)[Type] {
  return byEvent[type];
}

/** @throws for an activity of a type that has no name here: an older relay met a newer worker */
export function activityEventTypeOf(activityType: string): ActivityEventType {
  if (!isActivityType(activityType)) throw new Error(`There is no event for activities of type ${activityType}.`);
  return byActivityType[activityType];
}

export function isOfActivity(type: CloudEventType): type is ActivityEventType {
  return Object.values(byActivityType).some((known) => known === type);
}

/** The type of the activities that an event tells of. */
export function activityTypeOf(type: ActivityEventType): ActivityType {
  const [found] = Object.keys(byActivityType)
    .filter(isActivityType)
    .filter((name) => byActivityType[name] === type);
  if (found === undefined) throw new Error(`${type} tells of no activity.`);
  return found;
}

function isActivityType(text: string): text is ActivityType {
  return Object.hasOwn(byActivityType, text);
}
