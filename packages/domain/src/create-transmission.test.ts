import { describe, expect, it } from 'vitest';
import { at, contextAt, createActivity, createDialog, createTransmission, id } from './testing/examples.ts';
import { given } from './testing/given.ts';

const later = contextAt(at('13:00'));

describe('CreateTransmission', () => {
  it('counts as new content', () => {
    const { dialog, transmissions, events } = given(createDialog()).when(createTransmission(), later).thenChanged();
    expect(dialog).toMatchObject({ updatedAt: at('13:00'), contentUpdatedAt: at('13:00'), contentSeen: false });
    expect(transmissions).toMatchObject([{ createdAt: at('13:00'), depth: 1, opened: false }]);
    expect(events.map(({ type }) => type)).toEqual(['DialogUpdated', 'DialogTransmissionCreated']);
  });

  it('gives the dialog a new revision', () => {
    const live = given(createDialog());
    expect(live.when(createTransmission(), later).outcome).not.toMatchObject({ revision: live.dialog().revision });
  });

  it('moves nothing but the revision when it is silent', () => {
    const live = given(createDialog());
    const { dialog, events } = live.when(createTransmission({}, { silent: true }), later).thenChanged();
    expect(dialog).toMatchObject({ updatedAt: at('12:00'), contentUpdatedAt: at('12:00') });
    expect(events).toEqual([]);
  });

  it('hides the dialog from another org, and tells the owner that it is not there', () => {
    given(createDialog())
      .when(createTransmission({}, { org: 'skd' }))
      .thenRejectedFor(404, 'DialogEntity');
    given().when(createTransmission()).thenRejectedFor(404, 'DialogEntity');
  });

  it('rejects a caller that saw an older revision', () =>
    given(createDialog())
      .when(createTransmission({}, { ifMatch: id(4) }))
      .thenRejected({ status: 412 }));

  it('compares the revision before it looks at the idempotent key', () =>
    given(createDialog(), createTransmission({ idempotentKey: 'letter-1' }))
      .when(createTransmission({ idempotentKey: 'letter-1' }, { ifMatch: id(4) }))
      .thenRejected({ status: 412 }));

  it('accepts an idempotent key once per dialog', () =>
    given(createDialog(), createTransmission({ idempotentKey: 'letter-1' }))
      .when(createTransmission({ idempotentKey: 'letter-1' }))
      .thenRejectedFor(409, 'IdempotentKey'));

  it('applies a chosen id once', () =>
    given(createDialog(), createTransmission({ id: id(5) }))
      .when(createTransmission({ id: id(5) }))
      .thenRejectedFor(422, 'DialogTransmission'));

  it('stands one below the transmission that it answers', () => {
    const { transmissions, touchedTransmissions } = given(createDialog(), createTransmission({ id: id(5) }))
      .when(createTransmission({ relatedTransmissionId: id(5) }))
      .thenChanged();
    expect(transmissions).toMatchObject([{ depth: 2 }]);
    expect(touchedTransmissions).toMatchObject([{ id: id(5), repliesCount: 1 }]);
  });

  it.each([
    ['fromServiceOwnerTransmissionsCount', 'Information', 'FromServiceOwnerTransmissionsCount'],
    ['fromPartyTransmissionsCount', 'Correction', 'FromPartyTransmissionsCount'],
  ] as const)('is one of 32,767 in its direction: %s', (counter, type, key) => {
    const live = given(createDialog());
    const before = live.dialog();
    live.state.dialogs.set(before.id, { ...before, [counter]: 32_766 });
    live.when(createTransmission({ type })).thenChanged();
    live.state.dialogs.set(before.id, { ...before, [counter]: 32_767 });
    live.when(createTransmission({ type })).thenRejectedFor(422, key);
    const other = type === 'Information' ? 'Submission' : 'Information';
    live.when(createTransmission({ type: other })).thenChanged();
  });

  it('cannot answer a transmission that the dialog does not have', () =>
    given(createDialog())
      .when(createTransmission({ relatedTransmissionId: id(5) }))
      .thenRejectedFor(422, 'Transmissions'));

  it('refuses foreign resources before it tells of anything else', () =>
    given(createDialog())
      .when(
        createTransmission(
          { relatedTransmissionId: id(5) },
          { facts: { notOwned: ['urn:altinn:resource:theirs'], actorNames: {} } },
        ),
      )
      .thenRejectedFor(403, 'Forbidden'));

  it('takes the dialog out of the bin', () => {
    const { dialog } = given(createDialog({ systemLabel: 'Bin' }))
      .when(createTransmission())
      .thenChanged();
    expect(dialog.systemLabels).toEqual(['Default']);
  });
});

describe('CreateActivity', () => {
  it('moves updatedAt alone', () => {
    const { dialog, events } = given(createDialog()).when(createActivity(), later).thenChanged();
    expect(dialog).toMatchObject({ updatedAt: at('13:00'), contentUpdatedAt: at('12:00') });
    expect(events.map(({ type }) => type)).toEqual(['DialogUpdated', 'DialogActivityCreated']);
  });

  it('marks the transmission that was opened, once', () => {
    const opened = createActivity({ type: 'TransmissionOpened', transmissionId: id(5) });
    const live = given(createDialog(), createTransmission({ id: id(5) }));
    expect(live.dialog().unopenedTransmissionsCount).toBe(1);
    const { dialog, touchedTransmissions } = live.when(opened).thenChanged();
    expect(dialog.unopenedTransmissionsCount).toBe(0);
    expect(touchedTransmissions).toMatchObject([{ id: id(5), opened: true }]);

    const again = given(createDialog(), createTransmission({ id: id(5) }), opened).when(
      createActivity({ type: 'TransmissionOpened', transmissionId: id(5) }),
    );
    expect(again.thenChanged().dialog.unopenedTransmissionsCount).toBe(0);
  });

  it('cannot speak of a transmission that the dialog does not have', () =>
    given(createDialog())
      .when(createActivity({ type: 'TransmissionOpened', transmissionId: id(5) }))
      .thenRejectedFor(422, 'Activity.TransmissionId'));

  it('compares the revision last: every other fault is told first', () =>
    given(createDialog(), createActivity({ id: id(6) }))
      .when(createActivity({ id: id(6) }, { ifMatch: id(4) }))
      .thenRejectedFor(422, 'DialogActivity'));
});
