import { describe, expect, it } from 'vitest';
import { emptyState, record } from './dialog-state.ts';
import {
  activityBody,
  asAdmin,
  createActivity,
  createDialog,
  createTransmission,
  deleteDialog,
  freezeDialog,
  id,
  purgeDialog,
  transmissionBody,
  updateDialog,
  updateTransmission,
  withCorrespondence,
} from './testing/examples.ts';
import { given } from './testing/given.ts';

const attachment = {
  ...{ id: id(7), displayName: null, name: null, expiresAt: null },
  urls: [{ id: id(8), url: 'https://example.com/1.pdf', mediaType: null, consumerType: 'Gui' as const }],
};
const everything = createDialog({
  id: id(1),
  idempotentKey: 'case-1',
  attachments: [attachment],
  transmissions: [transmissionBody({ id: id(5), idempotentKey: 'letter-1' })],
  activities: [activityBody({ id: id(6) })],
});

describe('PurgeDialog', () => {
  it('tells of the deletion', () => {
    const { kind, events } = given(createDialog()).when(purgeDialog()).thenChanged();
    expect(kind).toBe('purged');
    expect(events).toMatchObject([{ type: 'DialogDeleted', audiences: ['owner', 'party'] }]);
  });

  it('tells nobody twice, and nobody when it is silent', () => {
    expect(given(createDialog(), deleteDialog()).when(purgeDialog()).thenChanged().events).toEqual([]);
    expect(
      given(createDialog())
        .when(purgeDialog({ silent: true }))
        .thenChanged().events,
    ).toEqual([]);
  });

  it('leaves nothing, so that every id and key is free again', () => {
    const full = given(everything, createTransmission({ relatedTransmissionId: id(5) }), updateTransmission(id(5)));
    const change = full.when(purgeDialog()).thenChanged();
    record(full.state, change);
    expect(full.state).toEqual(emptyState());
    given(everything, purgeDialog(), everything).when(createActivity()).thenChanged();
  });

  it('leaves other dialogs alone', () => {
    const both = given(everything, createDialog({ id: id(2), idempotentKey: 'case-2' }, { dialogId: id(2) }));
    record(both.state, both.when(purgeDialog({ dialogId: id(2) })).thenChanged());
    expect([...both.state.dialogs.keys()]).toEqual([id(1)]);
    expect([...both.state.dialogKeys.keys()]).toEqual(['ttd/case-1']);
    expect(both.state.takenIds.size).toBe(4);
  });

  it('happens once', () =>
    given(createDialog(), purgeDialog()).when(purgeDialog()).thenRejectedFor(404, 'DialogEntity'));

  it('takes frozen dialogs along, for anybody who owns them', () => {
    given(createDialog(), freezeDialog()).when(purgeDialog()).thenChanged();
    given(createDialog(), freezeDialog(), deleteDialog(asAdmin)).when(purgeDialog()).thenChanged();
  });

  it('finds no dialog of another org', () => {
    given(createDialog())
      .when(purgeDialog({ org: 'skd' }))
      .thenRejectedFor(404, 'DialogEntity');
    given(createDialog())
      .when(purgeDialog({ org: 'skd', ...asAdmin }))
      .thenChanged();
  });

  it('needs the scope of correspondences for one, and then compares the revision', () => {
    const resource = { org: 'ttd', type: 'correspondenceservice' };
    const correspondence = given(createDialog({}, { resource, ...withCorrespondence }));
    correspondence.when(purgeDialog({ ...asAdmin, ifMatch: id(4) })).thenRejectedFor(403, 'Forbidden');
    correspondence.when(purgeDialog({ ...withCorrespondence, ifMatch: id(4) })).thenRejected({ status: 412 });
    correspondence.when(purgeDialog(withCorrespondence)).thenChanged();
  });

  it('leaves nothing for the next command to change', () =>
    given(createDialog(), purgeDialog()).when(updateDialog()).thenRejectedFor(404, 'DialogEntity'));
});
