import type { DialogCloudEvent } from '@dialog/contracts/cloud-event';
import { activityEventTypeOf, cloudEventTypeOf } from '@dialog/contracts/cloud-event-type';
import type { DialogChange, DialogEvent } from '@dialog/contracts/dialog-event';

export const cloudEventMediaType = 'application/cloudevents+json';

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
  const dialogUrl = `${publicUrl}/api/v1/enduser/dialogs/${change.dialogId}`;
  const attributes = {
    specversion: '1.0' as const,
    id: event.id,
    time: change.occurredAt,
    resource: change.serviceResource,
    resourceinstance: change.dialogId,
    subject: change.party,
  };
  const process = {
    ...(change.process !== null && { process: change.process }),
    ...(change.precedingProcess !== null && { precedingProcess: change.precedingProcess }),
  };
  switch (event.type) {
    case 'DialogTransmissionCreated':
      return {
        ...attributes,
        type: cloudEventTypeOf(event.type),
        source: `${dialogUrl}/transmissions/${event.transmissionId}`,
        data: { senderType: event.senderType, ...process },
      };
    case 'DialogActivityCreated': {
      const { activityId, activityType, extendedType } = event;
      return {
        ...attributes,
        type: activityEventTypeOf(activityType),
        source: `${dialogUrl}/activities/${activityId}`,
        data: { activityId, ...(extendedType !== null && { extendedActivityType: extendedType }), ...process },
      };
    }
    case 'DialogCreated':
    case 'DialogUpdated':
    case 'DialogDeleted':
    case 'DialogRestored':
    case 'DialogSeen':
    case 'DialogExpired':
      return {
        ...attributes,
        type: cloudEventTypeOf(event.type),
        source: dialogUrl,
        ...(Object.keys(process).length > 0 && { data: process }),
      };
  }
}
