import { describe, expect, it } from 'vitest';
import {
  at,
  contextAt,
  createActivity,
  createDialog,
  deleteDialog,
  dialogId,
  freezeDialog,
  id,
  moveFormSavedActivity,
} from './testing/examples.ts';
import { given } from './testing/given.ts';

const later = contextAt(at('15:00'));
const saved = createActivity({ id: id(6), type: 'FormSaved' });
const notAdmin = { rights: { admin: false, correspondence: true, legacyHtml: true } };

describe('MoveFormSavedActivity', () => {
  it('moves the activity, and updatedAt if that is earlier', () => {
    const live = given(createDialog(), saved);
    const { dialog, movedActivities, events } = live
      .when(moveFormSavedActivity(id(6), at('14:00')), later)
      .thenChanged();
    expect(movedActivities).toEqual([{ dialogId, id: id(6), createdAt: at('14:00') }]);
    expect(dialog).toEqual({ ...live.dialog(), revision: expect.any(String), updatedAt: at('14:00') });
    expect(dialog.revision).not.toBe(live.dialog().revision);
    expect(events).toEqual([]);
  });

  it('moves back as well, but not updatedAt', () => {
    const { dialog, movedActivities } = given(createDialog(), saved)
      .when(moveFormSavedActivity(id(6), at('10:00')), later)
      .thenChanged();
    expect(movedActivities).toMatchObject([{ createdAt: at('10:00') }]);
    expect(dialog.updatedAt).toBe(at('12:00'));
  });

  it('is for administrators, for any dialog, frozen and deleted ones too', () => {
    given()
      .when(moveFormSavedActivity(id(6), at('14:00'), notAdmin))
      .thenRejectedFor(403, 'Forbidden');
    given(createDialog(), saved, deleteDialog())
      .when(moveFormSavedActivity(id(6), at('14:00'), { org: 'skd' }))
      .thenChanged();
    given(createDialog(), saved, freezeDialog())
      .when(moveFormSavedActivity(id(6), at('14:00')))
      .thenChanged();
  });

  it('finds only activities of the dialog', () => {
    given()
      .when(moveFormSavedActivity(id(6), at('14:00')))
      .thenRejectedFor(404, 'DialogActivity');
    given(createDialog(), saved)
      .when(moveFormSavedActivity(id(7), at('14:00')))
      .thenRejectedFor(404, 'DialogActivity');
  });

  it('moves no other type, and compares the revision after that', () => {
    given(createDialog(), createActivity({ id: id(6) }))
      .when(moveFormSavedActivity(id(6), at('14:00'), { ifMatch: id(4) }))
      .thenRejectedFor(422, 'Type');
    given(createDialog(), saved)
      .when(moveFormSavedActivity(id(6), at('14:00'), { ifMatch: id(4) }))
      .thenRejected({ status: 412 });
  });
});
