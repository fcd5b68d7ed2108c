import { describe, expect, it } from 'vitest';
import {
  attachment,
  attachmentUrl,
  futureId,
  keysOf,
  navigationalAction,
  noRights,
  now,
  otherPastId,
  pastId,
  readValue,
  texts,
  transmission,
  v4,
} from './testing/bodies.ts';
import { validateActivityTime, validateUpdateTransmission } from './validate.ts';

const context = { now, rights: noRights, silentInQuery: true };
const keys = (input: unknown) => keysOf(validateUpdateTransmission(input, context));

describe('the correction of a transmission', () => {
  it('is read with everything that is left out empty', () => {
    const value = readValue(validateUpdateTransmission({ ...transmission, id: v4, unknown: 1 }, context));
    expect(value).toMatchObject({
      ...{ type: 'Information', createdAt: null, idempotentKey: null, relatedTransmissionId: null, attachments: [] },
    });
    expect(value).not.toHaveProperty('id');
    expect(value).not.toHaveProperty('isSilentUpdate');
  });

  it('must be silent, as its query or its body says', () => {
    const ask = (isSilentUpdate: unknown, silentInQuery = false) =>
      keysOf(validateUpdateTransmission({ ...transmission, isSilentUpdate }, { ...context, silentInQuery }));
    expect(ask(undefined)).toEqual(['isSilentUpdate']);
    expect(ask(false)).toEqual(['isSilentUpdate']);
    expect(ask('yes')).toEqual(['isSilentUpdate']);
    expect(ask(true)).toEqual([]);
    expect(ask(false, true)).toEqual([]);
    const both = validateUpdateTransmission({ ...transmission, content: null }, { ...context, silentInQuery: false });
    expect(keysOf(both)).toEqual(['dto.content', 'isSilentUpdate']);
  });

  it('needs content, type and sender', () => {
    expect(keys({})).toEqual(['dto.content', 'dto.sender', 'dto.type']);
    expect(keys({ ...transmission, content: {} })).toEqual(['dto.content']);
  });

  it.each([null, '2026-11-23T00:00:00Z', '2020-01-01T00:00:00+01:00'])('may be of any time: %s', (createdAt) =>
    expect(keys({ ...transmission, createdAt })).toEqual([]),
  );

  it('may be related to anything; whether that works the dialog tells', () =>
    expect(keys({ ...transmission, relatedTransmissionId: pastId })).toEqual([]));

  it('names attachments and their urls by ids', () => {
    const urls = [
      { ...attachmentUrl, id: pastId },
      { ...attachmentUrl, id: otherPastId },
    ];
    const expired = { id: pastId, urls, expiresAt: '2020-01-01T00:00:00Z' };
    const { attachments } = readValue(validateUpdateTransmission({ ...transmission, attachments: [expired] }, context));
    expect(attachments).toMatchObject([{ id: pastId, urls: [{ id: pastId }, { id: otherPastId }] }]);
  });

  it.each([
    ['dto.attachments[0].id', [{ ...attachment, id: futureId }]],
    ['dto.attachments[0].urls[0].id', [{ urls: [{ ...attachmentUrl, id: v4 }] }]],
    ['dto.attachments[0].urls', [{ urls: [pastId, pastId].map((id) => ({ ...attachmentUrl, id })) }]],
    ['dto.attachments', [pastId, pastId].map((id) => ({ ...attachment, id }))],
    ['dto.attachments[0].urls', [{ urls: [] }]],
  ])('refuses %s', (key, attachments) => expect(keys({ ...transmission, attachments })).toEqual([key]));

  it('has no actions that have expired, and no longer texts than others', () => {
    const expired = { ...navigationalAction, expiresAt: '2020-01-01T00:00:00Z' };
    expect(keys({ ...transmission, navigationalActions: [expired] })).toEqual(['dto.navigationalActions[0].expiresAt']);
    expect(keys({ ...transmission, content: { title: { value: texts('x'.repeat(256)) } } })).toEqual([
      'dto.content.title.value[0].value',
    ]);
  });
});

describe('the new time of an activity', () => {
  const read = (input: unknown) => validateActivityTime(input, { now, rights: noRights });

  it('is a timestamp, alone', () => {
    expect(readValue(read('2026-11-22T11:00:00+01:00'))).toBe(now);
    expect(readValue(read('2026-11-22T10:00:15Z'))).toBe('2026-11-22T10:00:15.0000000Z');
  });

  it('is not later than the clocks of callers may be ahead', () =>
    expect(keysOf(read('2026-11-22T10:00:15.000001Z'))).toEqual(['createdAt']));

  it.each([null, 5, {}, 'yesterday', '2026-11-22T10:00:00'])('is not %j', (input) =>
    expect(keysOf(read(input))).toEqual(['SerializerErrors']),
  );
});
