import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { lookupsOf } from './dialog-state.ts';
import {
  contextAt,
  createActivity,
  createDialog,
  createTransmission,
  deleteDialog,
  dialogId,
  id,
  patchDialog,
  purgeDialog,
  updateDialog,
} from './testing/examples.ts';
import { given } from './testing/given.ts';

const key = { idempotentKey: 'line-1' };

describe('a change under an idempotent key', () => {
  it.each([
    ['UpdateDialog', updateDialog({}, key), null],
    ['PatchDialog', patchDialog([{ op: 'replace', path: '/progress', value: 7 }], key), null],
    ['CreateTransmission', createTransmission({}, { ...key, transmissionId: id(5) }), id(5)],
    ['CreateActivity', createActivity({}, { ...key, activityId: id(6) }), id(6)],
    ['DeleteDialog', deleteDialog(key), null],
  ])('is applied once, and then told as it ended: %s', (_, command, createdId) => {
    const once = given(createDialog(), command);
    const { revision } = once.dialog();
    const changedSince = given(createDialog(), command);
    const { outcome } = changedSince.when({ ...command, id: id(7) });
    expect(outcome).toMatchObject({ kind: 'applied', changes: [], repeated: { dialogId, createdId } });
    expect(once.when({ ...command, id: id(7) }).outcome).toMatchObject({ revision });
  });

  it('is told as it ended, whatever has become of the dialog', () => {
    const then = given(createDialog(), createTransmission({}, key)).dialog().revision;
    const deleted = given(createDialog(), createTransmission({}, key), deleteDialog());
    const { outcome } = deleted.when(createTransmission({}, { ...key, ifMatch: id(4) }));
    expect(outcome).toMatchObject({ kind: 'applied', revision: expect.stringMatching(/./), changes: [] });
    expect(deleted.dialog().revision).not.toBe(then);
    expect(outcome).not.toMatchObject({ revision: deleted.dialog().revision });
  });

  it('may be tried again when it was rejected', () => {
    const open = given(createDialog());
    open.when(createTransmission({}, { ...key, ifMatch: id(4) })).thenRejected({ status: 412 });
    open.when(createTransmission({}, key)).thenChanged();
  });

  it('does not stand in the way of other dialogs, other orgs, and commands without a key', () => {
    const twice = given(createDialog(), createDialog({}, { dialogId: id(2) }), createTransmission({}, key));
    twice.when(createTransmission({}, { ...key, dialogId: id(2) })).thenChanged();
    twice.when(createTransmission({}, { ...key, org: 'skd' })).thenRejectedFor(404, 'DialogEntity');
    twice.when(createTransmission()).thenChanged();
  });

  it('is forgotten with a purged dialog', () => {
    const anew = given(createDialog(), createTransmission({}, key), purgeDialog(), createDialog());
    anew.when(createTransmission({}, key)).thenChanged();
  });
});

describe('the creation of a dialog that holds the key', () => {
  const again = createDialog(key, { ...key, dialogId: id(2) });

  it('is told with the dialog that was created', () => {
    const once = given(createDialog(key, key));
    const { outcome } = once.when(again);
    const { revision } = once.dialog();
    expect(outcome).toEqual({ kind: 'applied', revision, changes: [], repeated: { dialogId, createdId: null } });
  });

  it('is told also of a dialog that has been deleted', () =>
    expect(given(createDialog(key, key), deleteDialog()).when(again).outcome).toMatchObject({
      repeated: { dialogId },
    }));

  it('is told to its owner only', () => {
    const foreign = { ...again, facts: { notOwned: [again.payload.serviceResource], actorNames: {} } };
    given(createDialog(key, key)).when(foreign).thenRejectedFor(403, 'Forbidden');
  });
});

it('looks for keys where commands have them, and for those of creates among the dialogs', () => {
  const named = { org: 'ttd', dialogId, idempotentKey: 'line-1' };
  const lookups = lookupsOf([createTransmission({}, key), deleteDialog(key), deleteDialog(), createDialog(key, key)]);
  expect(lookups).toMatchObject({ appliedKeys: [named], dialogKeys: [{ org: 'ttd', ...key }] });
});

it('changes nothing of the state by deciding', () => {
  const { state } = given(createDialog(), createTransmission({}, key));
  const before = structuredClone(state);
  decide(state, createTransmission({}, key), contextAt());
  expect(state).toEqual(before);
});
