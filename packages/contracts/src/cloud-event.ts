import type { ActivityEventType, CloudEventType } from './cloud-event-type.ts';

/** What every event tells (CloudEvents 1.0, JSON form). Members without a value are left out. */
type Attributes<Type extends CloudEventType> = {
  specversion: '1.0';
  /** The same on every repetition, and for both audiences. */
  id: string;
  type: Type;
  /** UTC, seven decimals. */
  time: string;
  /** URN of the service resource. */
  resource: string;
  /** The dialog's id. */
  resourceinstance: string;
  /** URN of the party. */
  subject: string;
  /** Where end users read what it is about. */
  source: string;
};

/** The process that the dialog belongs to. */
type Process = { process?: string; precedingProcess?: string };

type TransmissionEventType = 'dialogporten.dialog.transmission.created.v1';
type ChangeEventType = Exclude<CloudEventType, ActivityEventType | TransmissionEventType>;

/** Something became of the dialog itself. */
export type DialogChangedEvent = Attributes<ChangeEventType> & { data?: Process };

/** The dialog got a transmission; `source` ends in its id. */
export type TransmissionCreatedEvent = Attributes<TransmissionEventType> & {
  data: Process & { senderType: 'PartyRepresentative' | 'ServiceOwner' };
};

/** The dialog got an activity. */
export type ActivityCreatedEvent = Attributes<ActivityEventType> & {
  data: Process & { activityId: string; extendedActivityType?: string };
};

/** An event as subscribers get it; `type` tells which (events, section 3). */
export type DialogCloudEvent = DialogChangedEvent | TransmissionCreatedEvent | ActivityCreatedEvent;
