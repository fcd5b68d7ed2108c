import { describe, expect, it } from 'vitest';
import {
  asAdmin,
  at,
  contextAt,
  createActivity,
  createDialog,
  createTransmission,
  deleteDialog,
  freezeDialog,
  id,
  patchDialog,
  updateDialog,
  updateTransmission,
} from './testing/examples.ts';
import { given } from './testing/given.ts';

const later = contextAt(at('13:00'));
const notAdmin = { rights: { admin: false, correspondence: true, legacyHtml: true } };

describe('FreezeDialog', () => {
  it('moves updatedAt alone, gives a new revision and an updated event', () => {
    const live = given(createDialog());
    const { dialog, events } = live.when(freezeDialog(), later).thenChanged();
    expect(dialog).toMatchObject({ frozen: true, updatedAt: at('13:00'), contentUpdatedAt: at('12:00') });
    expect(dialog.revision).not.toBe(live.dialog().revision);
    expect(events.map(({ type }) => type)).toEqual(['DialogUpdated']);
  });

  it('is never silent', () => {
    const { dialog, events } = given(createDialog())
      .when(freezeDialog({ silent: true }), later)
      .thenChanged();
    expect(dialog.updatedAt).toBe(at('13:00'));
    expect(events).toHaveLength(1);
  });

  it('is for administrators, who are told so before they are told whether there is a dialog', () => {
    given().when(freezeDialog(notAdmin)).thenRejectedFor(403, 'Forbidden');
    given().when(freezeDialog()).thenRejectedFor(404, 'DialogEntity');
  });

  it('changes a frozen dialog no further', () =>
    given(createDialog(), freezeDialog()).when(freezeDialog()).thenUnchanged());

  it('refuses a deleted dialog, and then another revision', () => {
    given(createDialog(), deleteDialog())
      .when(freezeDialog({ ifMatch: id(4) }))
      .thenRejectedFor(410, 'DialogEntity');
    given(createDialog(), freezeDialog())
      .when(freezeDialog({ ifMatch: id(4) }))
      .thenRejected({ status: 412 });
  });

  it.each([
    updateDialog({ progress: 5 }),
    patchDialog([{ op: 'replace', path: '/progress', value: 5 }]),
    createTransmission(),
    createActivity(),
    updateTransmission(id(5)),
    deleteDialog(),
  ])('leaves $kind to administrators, whatever revision was seen', (command) => {
    const frozen = given(createDialog(), createTransmission({ id: id(5) }), freezeDialog());
    frozen.when({ ...command, ifMatch: id(4) }).thenRejectedFor(403, 'Forbidden');
    frozen.when({ ...command, ...asAdmin }).thenChanged();
  });
});
