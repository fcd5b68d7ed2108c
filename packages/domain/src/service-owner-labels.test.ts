import { describe, expect, it } from 'vitest';
import {
  addServiceOwnerLabel,
  asAdmin,
  at,
  contextAt,
  createDialog,
  deleteDialog,
  freezeDialog,
  id,
  removeServiceOwnerLabel,
} from './testing/examples.ts';
import { given } from './testing/given.ts';

const later = () => contextAt(at('13:00'));
const twenty = Array.from({ length: 20 }, (_, number) => `label-${10 + number}`);

describe('AddServiceOwnerLabel', () => {
  it('changes the labels and their revision, and nothing else', () => {
    const live = given(createDialog({ serviceOwnerLabels: ['case:2', 'urgent'], systemLabel: 'Bin' }));
    const before = live.dialog();
    const { outcome, thenChanged } = live.when(addServiceOwnerLabel('case:3'), later());
    const { dialog, events, labelAssignments } = thenChanged();
    const { serviceOwnerContextRevision } = dialog;
    expect(dialog).toEqual({
      ...before,
      serviceOwnerLabels: ['case:2', 'case:3', 'urgent'],
      serviceOwnerContextRevision,
    });
    expect(serviceOwnerContextRevision).not.toBe(before.serviceOwnerContextRevision);
    expect(outcome).toMatchObject({ revision: serviceOwnerContextRevision });
    expect([...events, ...labelAssignments]).toEqual([]);
  });

  it('is refused for a label that is there', () =>
    given(createDialog({ serviceOwnerLabels: ['case:3'] }))
      .when(addServiceOwnerLabel('case:3'))
      .thenRejectedFor(400, 'dto.value'));

  it('is refused for the 21st label', () => {
    const full = given(createDialog({ serviceOwnerLabels: twenty }));
    full.when(addServiceOwnerLabel('one-more')).thenRejectedFor(400, 'dto.value');
    const room = given(createDialog({ serviceOwnerLabels: twenty }), removeServiceOwnerLabel('label-10'));
    expect(room.when(addServiceOwnerLabel('one-more')).thenChanged().dialog.serviceOwnerLabels).toHaveLength(20);
  });
});

describe('RemoveServiceOwnerLabel', () => {
  it('changes the labels and their revision, and nothing else', () => {
    const live = given(createDialog({ serviceOwnerLabels: ['case:3', 'urgent'] }));
    const { outcome, thenChanged } = live.when(removeServiceOwnerLabel('case:3'), later());
    const { dialog, events } = thenChanged();
    const { serviceOwnerContextRevision } = dialog;
    expect(dialog).toEqual({ ...live.dialog(), serviceOwnerLabels: ['urgent'], serviceOwnerContextRevision });
    expect(outcome).toMatchObject({ revision: serviceOwnerContextRevision });
    expect(events).toEqual([]);
  });

  it('tells that there is no such label, whatever revision the caller saw', () =>
    given(createDialog())
      .when(removeServiceOwnerLabel('case:3', { ifMatch: id(4) }))
      .thenRejectedFor(404, 'Label'));
});

describe.each([
  ['AddServiceOwnerLabel', addServiceOwnerLabel, 'case:3'],
  ['RemoveServiceOwnerLabel', removeServiceOwnerLabel, 'case:2'],
])('%s', (_, command, label) => {
  const labelled = createDialog({ serviceOwnerLabels: ['case:2'] });

  it('compares If-Match with the revision of the labels, not with that of the dialog', () => {
    const live = given(labelled);
    const { revision, serviceOwnerContextRevision } = live.dialog();
    live.when(command(label, { ifMatch: revision })).thenRejected({ status: 412 });
    live.when(command(label, { ifMatch: serviceOwnerContextRevision })).thenChanged();
  });

  it('hides the dialog from others, administrators included', () => {
    given(labelled)
      .when(command(label, { org: 'skd' }))
      .thenRejectedFor(404, 'DialogEntity');
    given(labelled)
      .when(command(label, { org: 'skd', ...asAdmin }))
      .thenRejectedFor(404, 'DialogEntity');
    given().when(command(label)).thenRejectedFor(404, 'DialogEntity');
  });

  it('finds no deleted dialog, and before it looks at labels or revision', () => {
    given(labelled, deleteDialog())
      .when(command('case:2', { ifMatch: id(4) }))
      .thenRejectedFor(404, 'DialogEntity');
    given(labelled, deleteDialog()).when(command('case:3', asAdmin)).thenRejectedFor(404, 'DialogEntity');
  });

  it('does not mind that the dialog is frozen', () => {
    given(labelled, freezeDialog()).when(command(label)).thenChanged();
  });
});
