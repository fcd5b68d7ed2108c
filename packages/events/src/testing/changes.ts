import type { DialogChange, DialogEvent } from '@dialog/contracts/dialog-event';
import { timestampOf } from '@dialog/contracts/timestamp';

/** An id that tells where it comes from, in the form of a UUIDv7. */
export function idOf(kind: number, number: number): string {
  return `019cf0a2-6d5e-7${kind.toString(16).padStart(3, '0')}-8000-${number.toString(16).padStart(12, '0')}`;
}

/** What the outbox has of a change, for both audiences unless told otherwise. */
export function changeOf(events: DialogEvent[], facts: Partial<DialogChange> = {}): DialogChange {
  return {
    dialogId: idOf(0, 1),
    revision: idOf(1, 1),
    org: 'ttd',
    party: 'urn:altinn:organization:identifier-no:991825827',
    serviceResource: 'urn:altinn:resource:super-simple-service',
    process: null,
    precedingProcess: null,
    occurredAt: timestampOf(Date.now()),
    traceparent: null,
    events,
    ...facts,
  };
}

export const created: DialogEvent = { id: idOf(2, 1), audiences: ['owner', 'party'], type: 'DialogCreated' };
export const updated: DialogEvent = { id: idOf(2, 2), audiences: ['owner', 'party'], type: 'DialogUpdated' };
export const seen: DialogEvent = { id: idOf(2, 5), audiences: ['owner', 'party'], type: 'DialogSeen' };
export const deleted: DialogEvent = { id: idOf(2, 6), audiences: ['owner', 'party'], type: 'DialogDeleted' };
export const restored: DialogEvent = { id: idOf(2, 7), audiences: ['owner', 'party'], type: 'DialogRestored' };
export const expired: DialogEvent = { id: idOf(2, 8), audiences: ['party'], type: 'DialogExpired' };
export const transmissionCreated: Extract<DialogEvent, { type: 'DialogTransmissionCreated' }> = {
  id: idOf(2, 3),
  audiences: ['owner', 'party'],
  type: 'DialogTransmissionCreated',
  transmissionId: idOf(3, 1),
  senderType: 'ServiceOwner',
};
export const activityCreated: Extract<DialogEvent, { type: 'DialogActivityCreated' }> = {
  id: idOf(2, 4),
  audiences: ['owner', 'party'],
  type: 'DialogActivityCreated',
  activityId: idOf(4, 1),
  activityType: 'FormSubmitted',
  extendedType: null,
};
