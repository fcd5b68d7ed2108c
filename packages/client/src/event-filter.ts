import type { DialogCloudEvent } from '@dialog/contracts/cloud-event';
import type { CloudEventType } from '@dialog/contracts/cloud-event-type';
import type { OpenSubscriptionInput } from '@dialog/contracts/event-subscription';

type OneOrMore<Value> = Value | readonly Value[];

/** Which events, of any of the values given; what is left out may be anything. */
export type EventFilter = {
  serviceResource?: OneOrMore<string>;
  type?: OneOrMore<CloudEventType>;
  dialogId?: OneOrMore<string>;
};

/**
 * What of a filter the service narrows down: members with one value. It has one subject filter for each consumer, and
 * events of a dialog that came by several consumers would not be in order. So with several values it sends the events of
 * all, and those that are not wanted are left out here.
 */
export function servedFilter(filter: EventFilter): OpenSubscriptionInput['filter'] {
  const [serviceResource, type, dialogId] = [
    single(filter.serviceResource),
    single(filter.type),
    single(filter.dialogId),
  ];
  return { ...(serviceResource && { serviceResource }), ...(type && { type }), ...(dialogId && { dialogId }) };
}

/** Whether an event is one of those that the filter lets through. */
export function createMatcher({ serviceResource, type, dialogId }: EventFilter): (event: DialogCloudEvent) => boolean {
  const [isResource, isType, isDialog] = [anyOf(serviceResource), anyOf(type), anyOf(dialogId)];
  return (event) => isResource(event.resource) && isType(event.type) && isDialog(event.resourceinstance);
}

/** Whatever has no value lets nothing through, which nobody wants. */
export function assertFilter(filter: EventFilter): void {
  for (const [name, wanted] of Object.entries(filter)) {
    if (Array.isArray(wanted) && wanted.length === 0) throw new TypeError(`filter.${name} must have a value.`);
  }
}

function single<Value extends string>(wanted: OneOrMore<Value> | undefined): Value | undefined {
  const values = listed(wanted);
  return values?.length === 1 ? values[0] : undefined;
}

/** In any casing, as the service takes them. */
function anyOf(wanted: OneOrMore<string> | undefined): (value: string) => boolean {
  const values = listed(wanted);
  if (values === undefined || values.length === 1) return () => true;
  const known = new Set(values.map((value) => value.toLowerCase()));
  return (value) => known.has(value.toLowerCase());
}

function listed<Value extends string>(wanted: OneOrMore<Value> | undefined): readonly Value[] | undefined {
  return typeof wanted === 'string' ? [wanted] : wanted;
}
