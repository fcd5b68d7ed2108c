import type { DialogCloudEvent } from '@dialog/contracts/cloud-event';
import { timestampOf } from '@dialog/contracts/timestamp';
import { expect, it } from 'vitest';
import { assertFilter, createMatcher, type EventFilter, servedFilter } from './event-filter.ts';

const [permit, report] = ['urn:altinn:resource:permit', 'urn:altinn:resource:report'];
const [created, updated] = ['dialogporten.dialog.created.v1', 'dialogporten.dialog.updated.v1'] as const;
const [one, other] = ['019cf0a2-6d5e-7c31-9d44-0f6a1b2c3d4e', '019cf0a2-6d5e-7c31-9d44-0f6a1b2c3d4f'];

const event: DialogCloudEvent = {
  ...{ specversion: '1.0', id: one, type: created, time: timestampOf(0) },
  ...{ resource: permit, resourceinstance: one, source: 'https://dialog.example' },
  subject: 'urn:altinn:organization:identifier-no:313007103',
};

it.each<[EventFilter, ReturnType<typeof servedFilter>, boolean]>([
  [{}, {}, true],
  [{ type: created, dialogId: [one] }, { type: created, dialogId: one }, true],
  // The service sees to what it is asked for.
  [{ type: updated }, { type: updated }, true],
  [{ type: [created, updated] }, {}, true],
  [{ type: [updated, 'dialogporten.dialog.seen.v1'] }, {}, false],
  [{ type: [created, updated], serviceResource: permit }, { serviceResource: permit }, true],
  [{ serviceResource: [report, permit.toUpperCase()] }, {}, true],
  [{ serviceResource: [report, `${permit}-2`] }, {}, false],
  [{ dialogId: [other, one.toUpperCase()] }, {}, true],
  [{ dialogId: [one, other], type: [updated, 'dialogporten.dialog.seen.v1'] }, {}, false],
])('of %j the service narrows down to %j; what is left decides', (filter, served, isWanted) => {
  expect(servedFilter(filter)).toEqual(served);
  expect(createMatcher(filter)(event)).toBe(isWanted);
});

it('refuses a filter that lets nothing through', () => {
  expect(() => assertFilter({ type: [] })).toThrow('filter.type must have a value.');
  assertFilter({ type: [created] });
});
