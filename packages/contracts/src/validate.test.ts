import { describe, expect, it } from 'vitest';
import {
  activity,
  apiAction,
  attachment,
  attachmentUrl,
  dialog,
  endpoint,
  futureId,
  guiAction,
  keysOf,
  navigationalAction,
  noRights,
  now,
  ordinary,
  pastId,
  readValue,
  serviceOwner,
  texts,
  transmission,
  update,
  v4,
} from './testing/bodies.ts';
import { parseTimestamp } from './timestamp.ts';
import {
  silentInBody,
  validateActivity,
  validateCreateDialog,
  validateTransmission,
  validateUpdateDialog,
} from './validate.ts';

describe('an update', () => {
  const visibleFrom = parseTimestamp('2027-02-01T00:00:00Z') ?? null;
  const context = { ...ordinary, stored: null };

  function keysWith(change: object, other: Partial<Parameters<typeof validateUpdateDialog>[1]> = {}): string[] {
    return keysOf(validateUpdateDialog({ ...update, ...change }, { ...context, ...other }));
  }

  it('has a normal form without what cannot change', () => {
    const value = readValue(validateUpdateDialog({ ...dialog, ...update, org: 'x', visibleFrom: 5 }, context));
    expect(value).toMatchObject({ status: 'InProgress', progress: null, attachments: [], activities: [] });
    for (const member of ['party', 'serviceResource', 'visibleFrom', 'id', 'org']) {
      expect(value).not.toHaveProperty(member);
    }
  });

  it.each([
    ['no status', { status: undefined }, ['dto.status']],
    ['null for the status', { status: null }, ['status']],
    ['no content', { content: undefined }, ['dto.content']],
    ['no content, for programs', { content: null, isApiOnly: true }, []],
    ['too much progress', { progress: 101 }, ['dto.progress']],
    ['a preceding process alone', { precedingProcess: 'urn:a:b' }, ['dto.process']],
    ['expires before due', { dueAt: '2027-02-01T00:00:00Z', expiresAt: '2027-01-31T00:00:00Z' }, ['dto.expiresAt']],
    ['two primary actions', { guiActions: [guiAction, guiAction] }, ['dto.guiActions']],
    ['a tag twice', { searchTags: [{ value: 'abc' }, { value: 'Abc' }] }, ['dto.searchTags']],
    [
      'an attachment that has expired, which may have been before',
      { attachments: [{ ...attachment, expiresAt: '2020-01-01T00:00:00Z' }] },
      [],
    ],
    [
      'a new attachment that has expired, told later',
      { transmissions: [{ ...transmission, attachments: [{ ...attachment, expiresAt: '2020-01-01T00:00:00Z' }] }] },
      [],
    ],
    [
      'a navigation that has expired',
      {
        transmissions: [
          { ...transmission, navigationalActions: [{ ...navigationalAction, expiresAt: '2020-01-01T00:00:00Z' }] },
        ],
      },
      ['dto.transmissions[0].navigationalActions[0].expiresAt'],
    ],
    [
      'a transmission related to one that only the dialog knows',
      { transmissions: [{ ...transmission, relatedTransmissionId: pastId }] },
      [],
    ],
    [
      'a transmission related to itself',
      { transmissions: [{ ...transmission, id: pastId, relatedTransmissionId: pastId }] },
      ['dto.transmissions[0].relatedTransmissionId'],
    ],
    [
      'an opened transmission that only the dialog knows',
      { activities: [{ type: 4, performedBy: serviceOwner, transmissionId: pastId }] },
      [],
    ],
    ['an activity without who did it', { activities: [{ type: 'DialogOpened' }] }, ['dto.activities[0].performedBy']],
    [
      'two endpoints with one id',
      {
        apiActions: [
          {
            ...apiAction,
            endpoints: [
              { ...endpoint, id: v4 },
              { ...endpoint, id: v4 },
            ],
          },
        ],
      },
      ['dto.apiActions[0].endpoints'],
    ],
  ])('with %s', (_, change, keys) => {
    expect(keysWith(change)).toEqual(keys);
  });

  it('compares its dates with the stored visibleFrom', () => {
    const dates = { dueAt: '2027-01-31T00:00:00Z', expiresAt: '2027-01-31T00:00:00Z' };
    const stored = { visibleFrom, contentlessTransmissionsCount: 0 };
    expect(keysWith(dates)).toEqual([]);
    expect(keysWith(dates, { stored })).toEqual(['dto.dueAt', 'dto.expiresAt']);
    expect(keysWith(dates, { stored, rights: { ...noRights, admin: true } })).toEqual(['dto.expiresAt']);
  });

  it('tells of the stored dialog together with what is wrong in itself', () => {
    const stored = { visibleFrom, contentlessTransmissionsCount: 1 };
    const wrong = { progress: 140, dueAt: '2027-01-31T00:00:00Z' };
    expect(keysWith(wrong, { stored })).toEqual(['dto.dueAt', 'dto.progress', 'dto.transmissions']);
    expect(keysWith({ isApiOnly: true, progress: 140 }, { stored })).toEqual(['dto.progress']);
  });

  it('takes any UUID for actions and endpoints, which existing dialogs may have', () => {
    const actions = { guiActions: [{ ...guiAction, id: v4 }], apiActions: [{ ...apiAction, id: futureId }] };
    expect(keysWith(actions)).toEqual([]);
  });

  it.each([
    ['attachments', { attachments: [{ ...attachment, id: v4 }] }, 'dto.attachments[0].id'],
    ['urls', { attachments: [{ urls: [{ ...attachmentUrl, id: futureId }] }] }, 'dto.attachments[0].urls[0].id'],
    ['transmissions', { transmissions: [{ ...transmission, id: v4 }] }, 'dto.transmissions[0].id'],
    ['activities', { activities: [{ ...activity, id: futureId }] }, 'dto.activities[0].id'],
  ])('takes UUIDs of version 7 of the past for %s', (_, change, key) => {
    expect(keysWith(change)).toEqual([key]);
  });

  it('reads null as an empty list where a patch has left it, and refuses it in a PUT', () => {
    const patched = { searchTags: null, transmissions: null, attachments: [{ ...attachment, displayName: null }] };
    expect(keysWith(patched)).toEqual(['attachments[0].displayName', 'searchTags', 'transmissions']);
    const value = readValue(validateUpdateDialog({ ...update, ...patched }, { ...context, nullAsEmptyList: true }));
    expect(value).toMatchObject({ searchTags: [], transmissions: [], attachments: [{ displayName: null }] });
    expect(keysWith({ attachments: [{ urls: null }] }, { nullAsEmptyList: true })).toEqual(['dto.attachments[0].urls']);
  });
});

describe('a transmission of its own', () => {
  it.each([
    ['nothing wrong', {}, []],
    ['no content, whatever the dialog', { content: undefined }, ['transmissions[0].content']],
    ['null for content', { content: null }, ['transmissions[0].content']],
    ['a future time', { createdAt: '2026-11-22T10:00:16Z' }, ['transmissions[0].createdAt']],
    ['an id of version 4', { id: v4 }, ['transmissions[0].id']],
    ['itself to answer', { id: pastId, relatedTransmissionId: pastId }, ['transmissions[0].relatedTransmissionId']],
    ['another to answer', { id: pastId, relatedTransmissionId: v4 }, []],
    [
      'an attachment without TLS',
      { attachments: [{ urls: [{ url: 'http://a/', consumerType: 1 }] }] },
      ['transmissions[0].attachments[0].urls[0].url'],
    ],
    [
      'an attachment twice',
      {
        attachments: [
          { ...attachment, id: pastId },
          { ...attachment, id: pastId },
        ],
      },
      ['transmissions[0].attachments'],
    ],
    [
      'an attachment that has expired, told later',
      { attachments: [{ ...attachment, expiresAt: '2020-01-01T00:00:00Z' }] },
      [],
    ],
    ['JSON that cannot be read', { type: 'x' }, ['type']],
  ])('with %s', (_, change, keys) => {
    expect(keysOf(validateTransmission({ ...transmission, ...change }, ordinary))).toEqual(keys);
  });
});

describe('an activity of its own', () => {
  it.each([
    ['nothing wrong', {}, []],
    ['a description too much', { description: texts('a') }, ['activity.description']],
    ['no transmission', { type: 'TransmissionOpened' }, ['activity.transmissionId']],
    ['nobody who did it', { performedBy: undefined }, ['activity.performedBy']],
    ['an id of the future', { id: futureId }, ['activity.id']],
    ['JSON that cannot be read', { createdAt: 'yesterday' }, ['createdAt']],
  ])('with %s', (_, change, keys) => {
    expect(keysOf(validateActivity({ ...activity, ...change }, ordinary))).toEqual(keys);
  });
});

it('finds the flag for a silent change in a body, in any casing', () => {
  expect(readValue(silentInBody({ IsSilentUpdate: true }))).toBe(true);
  expect(readValue(silentInBody({ isSilentUpdate: true, ISSILENTUPDATE: false }))).toBe(false);
  for (const body of [{ isSilentUpdate: false }, {}, null, [], 'x', undefined]) {
    expect(readValue(silentInBody(body))).toBe(false);
  }
  for (const isSilentUpdate of ['true', null, 1]) {
    expect(keysOf(silentInBody({ isSilentUpdate }))).toEqual(['isSilentUpdate']);
  }
});

describe('a body of many faults', () => {
  it('is told a thousand of them', () => {
    const attachments = Array.from({ length: 2_000 }, () => ({ urls: [] }));
    expect(keysOf(validateCreateDialog({ ...dialog, attachments }, ordinary))).toHaveLength(1_000);
  });

  it('is read up to the first when it is large', () => {
    const attachments = Array.from({ length: 20_000 }, () => ({}));
    expect(keysOf(validateCreateDialog({ ...dialog, attachments }, ordinary))).toEqual(['dto.attachments[0].urls']);
  });

  it('is told that there are too many when it is large and all of it can be read', () => {
    const urls = Array.from({ length: 300_000 }, () => ({ url: 'http://a/', consumerType: 1 }));
    const body = { ...update, attachments: [{ urls }] };
    expect(keysOf(validateUpdateDialog(body, { now, rights: noRights, stored: null }))).toEqual(['SerializerErrors']);
  });

  it('is a large one without any fault as well', () => {
    const searchTags = Array.from({ length: 20_000 }, (_, index) => ({ value: `tag-${index}` }));
    expect(readValue(validateCreateDialog({ ...dialog, searchTags }, ordinary)).searchTags).toHaveLength(20_000);
  });
});
