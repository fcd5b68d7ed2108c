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
  updateDialog,
  withCorrespondence,
} from './testing/examples.ts';
import { given } from './testing/given.ts';

const later = contextAt(at('13:00'));
const correspondence = createDialog(
  {},
  { resource: { org: 'ttd', type: 'correspondenceservice' }, ...withCorrespondence },
);

describe('DeleteDialog', () => {
  it('marks the dialog as deleted, with a new revision and the timestamps it had', () => {
    const live = given(createDialog());
    const { revision, ...rest } = live.dialog();
    const { dialog, events } = live.when(deleteDialog(), later).thenChanged();
    expect(dialog).toEqual({ ...rest, revision: expect.any(String), deletedAt: at('13:00') });
    expect(dialog.revision).not.toBe(revision);
    expect(events).toMatchObject([{ type: 'DialogDeleted', audiences: ['owner', 'party'] }]);
  });

  it('tells the party only of a dialog that it could see', () => {
    const { events } = given(createDialog({ visibleFrom: at('14:00') }))
      .when(deleteDialog(), later)
      .thenChanged();
    expect(events).toMatchObject([{ type: 'DialogDeleted', audiences: ['owner'] }]);
  });

  it('tells nobody when it is silent', () =>
    expect(
      given(createDialog())
        .when(deleteDialog({ silent: true }))
        .thenChanged().events,
    ).toEqual([]));

  it('keeps the labels', () => {
    const { dialog, labelAssignments } = given(createDialog({ systemLabel: 'Bin' }))
      .when(deleteDialog())
      .thenChanged();
    expect(dialog.systemLabels).toEqual(['Bin']);
    expect(labelAssignments).toEqual([]);
  });

  it('is told apart from one that was deleted before, administrators included', () => {
    const deleted = given(createDialog(), freezeDialog(), deleteDialog(asAdmin));
    deleted.when(deleteDialog({ ifMatch: id(4) })).thenRejectedFor(410, 'DialogEntity');
    deleted.when(deleteDialog(asAdmin)).thenRejectedFor(410, 'DialogEntity');
  });

  it('leaves a frozen dialog to administrators', () => {
    const frozen = given(createDialog(), freezeDialog());
    frozen.when(deleteDialog({ ifMatch: id(4) })).thenRejectedFor(403, 'Forbidden');
    expect(frozen.when(deleteDialog(asAdmin)).thenChanged().dialog.deletedAt).not.toBeNull();
  });

  it('needs the scope of correspondences for one, from administrators too', () => {
    given(correspondence)
      .when(deleteDialog({ ifMatch: id(4) }))
      .thenRejectedFor(403, 'Forbidden');
    given(correspondence).when(deleteDialog(asAdmin)).thenRejectedFor(403, 'Forbidden');
    given(correspondence).when(deleteDialog(withCorrespondence)).thenChanged();
  });

  it('compares the revision last', () =>
    given(createDialog())
      .when(deleteDialog({ ifMatch: id(4) }))
      .thenRejected({ status: 412 }));

  it('finds no dialog of another org', () => {
    given(createDialog())
      .when(deleteDialog({ org: 'skd' }))
      .thenRejectedFor(404, 'DialogEntity');
    given(createDialog())
      .when(deleteDialog({ org: 'skd', ...asAdmin }))
      .thenChanged();
  });

  it('keeps the idempotent key, which is then told of under another name', () => {
    const deleted = given(createDialog({ idempotentKey: 'case-1' }), deleteDialog());
    deleted.when(createDialog({ idempotentKey: 'case-1' }, { dialogId: id(2) })).thenRejectedFor(422, 'Dialog');
  });

  it('closes the dialog until it is restored', () => {
    given(createDialog(), deleteDialog()).when(updateDialog()).thenRejectedFor(410, 'DialogEntity');
    given(createDialog(), deleteDialog(), restoreDialog())
      .when(updateDialog({ progress: 5 }))
      .thenChanged();
  });
});
