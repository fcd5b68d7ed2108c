import { activityEventTypeOf, cloudEventTypes } from '@dialog/contracts/cloud-event-type';
import { timestampOf } from '@dialog/contracts/timestamp';
import { CloudEvent } from 'cloudevents';
import { describe, expect, it } from 'vitest';
import { cloudEventOf } from './cloud-event.ts';
import {
  activityCreated,
  changeOf,
  created,
  deleted,
  expired,
  restored,
  seen,
  transmissionCreated,
  updated,
} from './testing/changes.ts';

const publicUrl = 'https://platform.example/dialogporten';
const change = changeOf([created], { occurredAt: timestampOf(1_772_352_930_123.456) });
const dialog = `${publicUrl}/api/v1/enduser/dialogs/${change.dialogId}`;

/** What a subscriber reads. */
function sent(event: Parameters<typeof cloudEventOf>[1], facts: Partial<typeof change> = {}) {
  return JSON.parse(JSON.stringify(cloudEventOf({ ...change, ...facts }, event, publicUrl)));
}

describe('a CloudEvent', () => {
  it('has the facts of the dialog and, without any, no data', () => {
    expect(sent(created)).toEqual({
      specversion: '1.0',
      id: created.id,
      type: 'dialogporten.dialog.created.v1',
      time: '2026-03-01T08:15:30.1234560Z',
      resource: change.serviceResource,
      resourceinstance: change.dialogId,
      subject: change.party,
      source: dialog,
    });
  });

  it.each([
    [updated, 'updated'],
    [deleted, 'deleted'],
    [restored, 'restored'],
    [seen, 'seen'],
    [expired, 'expired'],
  ])('tells of the dialog where it is: $type', (event, name) => {
    expect(sent(event)).toMatchObject({ id: event.id, type: `dialogporten.dialog.${name}.v1`, source: dialog });
  });

  it('tells of a transmission where it is and who sent it', () => {
    expect(sent(transmissionCreated)).toMatchObject({
      type: 'dialogporten.dialog.transmission.created.v1',
      source: `${dialog}/transmissions/${transmissionCreated.transmissionId}`,
      data: { senderType: 'ServiceOwner' },
    });
  });

  it('tells of an activity where it is, which it is, and its extended type if it has one', () => {
    const { activityId } = activityCreated;
    expect(sent(activityCreated)).toMatchObject({
      type: 'dialogporten.dialog.activity.form-submitted.v1',
      source: `${dialog}/activities/${activityId}`,
    });
    expect(sent(activityCreated).data).toEqual({ activityId });
    expect(sent({ ...activityCreated, extendedType: 'urn:x' }).data).toEqual({
      activityId,
      extendedActivityType: 'urn:x',
    });
  });

  it('tells of the process in every type of event', () => {
    const process = { process: 'urn:fisk:prosess:12', precedingProcess: 'urn:fisk:prosess:11' };
    expect(sent(created, process).data).toEqual(process);
    expect(sent(transmissionCreated, process).data).toEqual({ ...process, senderType: 'ServiceOwner' });
    expect(sent(activityCreated, { process: 'urn:p' }).data).toEqual({
      process: 'urn:p',
      activityId: activityCreated.activityId,
    });
  });

  it.each([created, updated, deleted, restored, seen, transmissionCreated, activityCreated])(
    'is valid for the CloudEvents SDK: $type',
    (event) => {
      const parsed = new CloudEvent(sent(event, { process: 'urn:p' }), true);
      expect(parsed).toMatchObject({ id: event.id, resourceinstance: change.dialogId, data: { process: 'urn:p' } });
    },
  );
});

describe('the type of a CloudEvent', () => {
  it.each([
    ['DialogCreated', 'created'],
    ['DialogClosed', 'closed'],
    ['Information', 'information'],
    ['TransmissionOpened', 'transmission-opened'],
    ['DialogOpened', 'dialog-opened'],
    ['DialogDeleted', 'dialog-deleted'],
    ['SentToFormFill', 'sent-to-form-fill'],
    ['CorrespondenceConfirmed', 'correspondence-confirmed'],
  ])('of the activity %s is …activity.%s.v1', (activityType, name) => {
    expect(activityEventTypeOf(activityType)).toBe(`dialogporten.dialog.activity.${name}.v1`);
  });

  it('is never shared, nor made up', () => {
    expect(new Set(cloudEventTypes).size).toBe(7 + 17);
    expect(() => activityEventTypeOf('toString')).toThrow(/toString/);
  });
});
