import type { DialogChange, DialogEvent } from '@dialog/contracts/dialog-event';
import { type CloudEventType, cloudEventTypeOf } from './cloud-event-type.ts';

export const cloudEventMediaType = 'application/cloudevents+json';

/** What Dialogporten tells in an event's `data`, beside the CloudEvents attributes. */
export type CloudEventData = {
  process?: string;
  precedingProcess?: string;
  activityId?: string;
  extendedActivityType?: string;
  senderType?: 'PartyRepresentative' | 'ServiceOwner';
};

/** An event as subscribers get it: CloudEvents 1.0 in its JSON form. Members without a value are left out. */
export type DialogCloudEvent = {
  specversion: '1.0';
  /** The same on every repetition, and for both audiences. */
  id: string;
  type: CloudEventType;
  /** UTC, seven decimals. */
  time: string;
  /** URN of the service resource. */
  resource: string;
  /** The dialog's id. */
  resourceinstance: string;
  /** URN of the party. */
  subject: string;
  source: string;
  data?: CloudEventData;
};

/**
 * An event of a change as a CloudEvent (service owner API, section 38).
 *
 * Written by hand, not by the CloudEvents SDK: it cuts `time` to milliseconds, and its validation costs 20 times as
 * much as all of this. The tests let it check what comes out.
 *
 * @param publicUrl base address under which end users reach the service, without a slash at the end
 * @throws for an event that has no CloudEvents type
 */
export function cloudEventOf(change: DialogChange, event: DialogEvent, publicUrl: string): DialogCloudEvent {
  const data = dataOf(change, event);
  return {
    specversion: '1.0',
    id: event.id,
    type: cloudEventTypeOf(event),
    time: change.occurredAt,
    resource: change.serviceResource,
    resourceinstance: change.dialogId,
    subject: change.party,
    source: `${publicUrl}/api/v1/enduser/dialogs/${change.dialogId}${pathWithin(event)}`,
    ...(Object.keys(data).length > 0 && { data }),
  };
}

function pathWithin(event: DialogEvent): string {
  switch (event.type) {
    case 'DialogCreated':
    case 'DialogUpdated':
    case 'DialogDeleted':
    case 'DialogRestored':
    case 'DialogSeen':
    case 'DialogExpired':
      return '';
    case 'DialogTransmissionCreated':
      return `/transmissions/${event.transmissionId}`;
    case 'DialogActivityCreated':
      return `/activities/${event.activityId}`;
  }
}

function dataOf({ process, precedingProcess }: DialogChange, event: DialogEvent): CloudEventData {
  const data: CloudEventData = {};
  if (event.type === 'DialogActivityCreated') {
    data.activityId = event.activityId;
    if (event.extendedType !== null) data.extendedActivityType = event.extendedType;
  }
  if (event.type === 'DialogTransmissionCreated') data.senderType = event.senderType;
  if (process !== null) data.process = process;
  if (precedingProcess !== null) data.precedingProcess = precedingProcess;
  return data;
}
