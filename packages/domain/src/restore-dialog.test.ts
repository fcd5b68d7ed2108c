import { describe, expect, it } from 'vitest';
import {
  asAdmin,
  at,
  contextAt,
  createDialog,
  deleteDialog,
  freezeDialog,
  id,
  restoreDialog,
} from './testing/examples.ts';
import { given } from './testing/given.ts';

const later = contextAt(at('13:00'));

describe('RestoreDialog', () => {
  it('brings a deleted dialog back, with a new revision and the timestamps it had', () => {
    const deleted = given(createDialog(), deleteDialog());
    const { dialog, events } = deleted.when(restoreDialog(), later).thenChanged();
    expect(dialog).toEqual({ ...deleted.dialog(), revision: expect.any(String), deletedAt: null });
    expect(dialog.revision).not.toBe(deleted.dialog().revision);
    expect(events).toMatchObject([{ type: 'DialogRestored', audiences: ['owner', 'party'] }]);
  });

  it('tells nobody when it is silent', () =>
    expect(
      given(createDialog(), deleteDialog())
        .when(restoreDialog({ silent: true }))
        .thenChanged().events,
    ).toEqual([]));

  it('leaves a dialog alone that is not deleted', () => given(createDialog()).when(restoreDialog()).thenUnchanged());

  it('compares the revision even if there is nothing to restore', () =>
    given(createDialog())
      .when(restoreDialog({ ifMatch: id(4) }))
      .thenRejected({ status: 412 }));

  it('restores a frozen dialog for anybody who owns it, and it stays frozen', () => {
    const { dialog } = given(createDialog(), freezeDialog(), deleteDialog(asAdmin)).when(restoreDialog()).thenChanged();
    expect(dialog).toMatchObject({ deletedAt: null, frozen: true });
  });

  it('finds no dialog of another org', () => {
    const deleted = given(createDialog(), deleteDialog());
    deleted.when(restoreDialog({ org: 'skd' })).thenRejectedFor(404, 'DialogEntity');
    deleted.when(restoreDialog({ org: 'skd', ...asAdmin })).thenChanged();
  });

  it('makes the idempotent key that of a live dialog again', () =>
    given(createDialog({ idempotentKey: 'case-1' }), deleteDialog(), restoreDialog())
      .when(createDialog({ idempotentKey: 'case-1' }, { dialogId: id(2) }))
      .thenRejectedFor(409, 'IdempotentKey'));
});
