import { describe, expect, it } from 'vitest';
import { keysOf, otherPastId, pastId, person, readValue, v4 } from './testing/bodies.ts';
import {
  validateBulkSetOwnSystemLabels,
  validateBulkSetSystemLabels,
  validateSetOwnSystemLabels,
  validateSetSystemLabels,
} from './validate.ts';

const kari = { actorType: 'PartyRepresentative', actorName: 'Fisker Kari Anne' };

describe('a body that sets labels', () => {
  it('has a normal form', () => {
    const body = { AddLabels: ['bin', 3], removeLabels: ['MARKEDASUNOPENED'], systemLabels: ['Default'] };
    expect(readValue(validateSetSystemLabels(body, person))).toEqual({
      addLabels: ['Bin', 'Archive', 'Default'],
      removeLabels: ['MarkedAsUnopened'],
      performedBy: null,
    });
  });

  it('says who did it where the address does not', () => {
    const performedBy = { actorType: 2 };
    expect(readValue(validateSetSystemLabels({ performedBy }, null))).toEqual({
      addLabels: [],
      removeLabels: [],
      performedBy: { actorType: 'ServiceOwner', actorId: null, actorName: null },
    });
    expect(readValue(validateSetSystemLabels({}, person))).toMatchObject({ performedBy: null });
  });

  it.each<[string, object, string | null, string[]]>([
    ['nobody who did it', {}, null, ['endUserId']],
    ['null for who did it', { performedBy: null }, null, ['endUserId']],
    ['two who did it', { performedBy: kari }, person, ['endUserId']],
    ['somebody without a name', { performedBy: { actorType: 1 } }, null, ['performedBy']],
    ['Sent to add', { addLabels: ['Bin', 'Sent'] }, person, ['addLabels[1]']],
    ['Sent to remove', { removeLabels: [5] }, person, ['removeLabels[0]']],
    ['Sent under the older name', { systemLabels: ['sent'] }, person, ['systemLabels[0]']],
    [
      'several faults',
      { addLabels: ['Sent'], removeLabels: ['Sent'] },
      null,
      ['addLabels[0]', 'endUserId', 'removeLabels[0]'],
    ],
    ['an unknown label', { addLabels: ['Trash'] }, person, ['addLabels[0]']],
    ['an unknown number', { addLabels: [6] }, person, ['addLabels[0]']],
    ['null for a list', { addLabels: null }, person, ['addLabels']],
  ])('with %s', (_, body, endUserId, keys) => {
    expect(keysOf(validateSetSystemLabels(body, endUserId)).sort()).toEqual(keys);
  });
});

describe('a body that sets labels of many dialogs', () => {
  const numbered = (count: number) =>
    Array.from({ length: count }, (_, number) => ({ dialogId: `${pastId.slice(0, -3)}${100 + number}` }));

  it('has a normal form', () => {
    const dialogs = [{ dialogId: pastId.toUpperCase(), endUserContextRevision: v4 }, { dialogId: otherPastId }];
    expect(readValue(validateBulkSetSystemLabels({ dialogs, addLabels: ['Bin'] }, person))).toEqual({
      dialogs: [
        { dialogId: pastId, endUserContextRevision: v4 },
        { dialogId: otherPastId, endUserContextRevision: null },
      ],
      addLabels: ['Bin'],
      removeLabels: [],
      performedBy: null,
    });
    expect(readValue(validateBulkSetSystemLabels({ dialogs: numbered(200) }, person)).dialogs).toHaveLength(200);
  });

  it.each<[string, object, string[]]>([
    ['no dialogs', {}, ['dto.dialogs']],
    ['an empty list', { dialogs: [] }, ['dto.dialogs']],
    ['201 dialogs', { dialogs: numbered(201) }, ['dto.dialogs']],
    [
      'a dialog twice',
      { dialogs: [...numbered(2), { dialogId: pastId }, { dialogId: pastId.toUpperCase() }] },
      ['dto.dialogs'],
    ],
    ['a dialog without id', { dialogs: [{ endUserContextRevision: v4 }] }, ['dto.dialogs[0].dialogId']],
    ['what is no id', { dialogs: [{ dialogId: '1' }] }, ['dialogs[0].dialogId']],
    ['Sent to add', { dialogs: numbered(1), addLabels: ['Sent'] }, ['dto.addLabels[0]']],
    ['two who did it', { dialogs: numbered(1), performedBy: kari }, ['endUserId']],
  ])('with %s', (_, body, keys) => {
    expect(keysOf(validateBulkSetSystemLabels(body, person))).toEqual(keys);
  });
});

describe('a body in which an end user sets labels', () => {
  it('has a normal form, without who did it', () => {
    const body = { AddLabels: ['bin'], removeLabels: [4], performedBy: kari };
    expect(readValue(validateSetOwnSystemLabels(body))).toEqual({
      addLabels: ['Bin'],
      removeLabels: ['MarkedAsUnopened'],
    });
    expect(readValue(validateSetOwnSystemLabels({}))).toEqual({ addLabels: [], removeLabels: [] });
  });

  it('has both names of added labels in its own order', () => {
    const older = { systemLabels: ['Archive'] };
    const newer = { AddLabels: ['Bin'] };
    expect(readValue(validateSetOwnSystemLabels({ ...older, ...newer })).addLabels).toEqual(['Archive', 'Bin']);
    expect(readValue(validateSetOwnSystemLabels({ ...newer, ...older })).addLabels).toEqual(['Bin', 'Archive']);
  });

  it('names at most 100 dialogs, each once', () => {
    const dialogs = (count: number) =>
      Array.from({ length: count }, (_, number) => ({ dialogId: `${pastId.slice(0, -3)}${100 + number}` }));
    expect(readValue(validateBulkSetOwnSystemLabels({ dialogs: dialogs(100) })).dialogs).toHaveLength(100);
    expect(keysOf(validateBulkSetOwnSystemLabels({ dialogs: dialogs(101) }))).toEqual(['dto.dialogs']);
    expect(keysOf(validateBulkSetOwnSystemLabels({ dialogs: [] }))).toEqual(['dto.dialogs']);
    expect(keysOf(validateBulkSetOwnSystemLabels({ dialogs: [...dialogs(1), ...dialogs(1)] }))).toEqual([
      'dto.dialogs',
    ]);
  });

  it.each([{ addLabels: ['Sent'] }, { removeLabels: ['Sent'] }])('does not touch Sent: %j', (body) => {
    expect(keysOf(validateSetOwnSystemLabels(body))).toEqual(Object.keys(body).map((name) => `${name}[0]`));
  });
});
