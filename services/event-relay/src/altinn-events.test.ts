import type { DialogChange, DialogEvent } from '@dialog/contracts/dialog-event';
import { timestampOf } from '@dialog/contracts/timestamp';
import { expect, it } from 'vitest';
import { altinnChangeOf } from './altinn-events.ts';

const occurredAt = timestampOf(Date.UTC(2026, 1, 3));
const dialogId = '019c2a6e-5a10-7d2b-9d51-b9a6c0f0a111';

function change(...events: DialogEvent[]): string {
  const facts: DialogChange = {
    ...{
      dialogId,
      revision: '5b0c2c1e-6f7d-4f39-9a3e-1b2f0c7d8e90',
      org: 'ttd',
      occurredAt,
      traceparent: null,
      events,
    },
    ...{
      party: 'urn:altinn:organization:identifier-no:313500128',
      serviceResource: 'urn:altinn:resource:fangstrapport',
    },
    ...{ process: null, precedingProcess: null },
  };
  return JSON.stringify(facts);
}

const id = (last: number) => `6b1e2a50-8d1c-4a35-9f57-2d4c1b0a9e7${last}`;

it('is what the service owner gets, whether the party may hear of it yet or not', () => {
  const forwarded = altinnChangeOf(
    change(
      { id: id(1), audiences: ['owner', 'party'], type: 'DialogUpdated' },
      { id: id(2), audiences: ['owner'], type: 'DialogUpdated' },
    ),
    'https://dialog.example',
  );
  expect(forwarded).toMatchObject({ dialogId, occurredAt });
  expect(forwarded.events.map((event) => event.id)).toEqual([id(1), id(2)]);
  expect(JSON.parse(forwarded.events[1]?.text ?? '')).toEqual({
    specversion: '1.0',
    id: id(2),
    type: 'dialogporten.dialog.updated.v1',
    time: '2026-02-03T00:00:00.0000000Z',
    resource: 'urn:altinn:resource:fangstrapport',
    resourceinstance: dialogId,
    subject: 'urn:altinn:organization:identifier-no:313500128',
    source: `https://dialog.example/api/v1/enduser/dialogs/${dialogId}`,
  });
});

it('is nothing that only the passing of a date has brought about', () => {
  const given = change(
    { id: id(1), audiences: ['party'], type: 'DialogExpired' },
    { id: id(2), audiences: ['party'], type: 'DialogCreated' },
  );
  expect(altinnChangeOf(given, 'https://dialog.example').events).toEqual([]);
});

it('is told apart from what is no change', () => {
  expect(() => altinnChangeOf('{"dialogId": "not one"}', 'https://dialog.example')).toThrow();
});
