import { describe, expect, it } from 'vitest';
import {
  asAdmin,
  at,
  bulkSetSystemLabels,
  contextAt,
  createDialog,
  deleteDialog,
  dialogId,
  freezeDialog,
  id,
  kari,
  setSystemLabels,
} from './testing/examples.ts';
import { given } from './testing/given.ts';

const later = () => contextAt(at('13:00'));
const kariById = { ...kari, actorId: 'urn:altinn:person:identifier-no:01817030080', actorName: null };
const registered = { facts: { notOwned: [], actorNames: { [kariById.actorId]: 'Fisker Kari Anne' } } };

describe('SetSystemLabels', () => {
  it('changes the labels and the revision of the end-user context, and nothing else', () => {
    const live = given(createDialog());
    const before = live.dialog();
    const { outcome, thenChanged } = live.when(setSystemLabels({ addLabels: ['Bin', 'MarkedAsUnopened'] }), later());
    const { dialog, events } = thenChanged();
    const { endUserContextRevision } = dialog;
    expect(dialog).toEqual({ ...before, systemLabels: ['Bin', 'MarkedAsUnopened'], endUserContextRevision });
    expect(endUserContextRevision).not.toBe(before.endUserContextRevision);
    expect(outcome).toMatchObject({ revision: endUserContextRevision });
    expect(events).toEqual([]);
  });

  it('answers with the old revision when nothing changes', () => {
    const live = given(createDialog({ systemLabel: 'Bin' }));
    expect(live.when(setSystemLabels({ addLabels: ['Bin'] })).outcome).toEqual({
      kind: 'applied',
      revision: live.dialog().endUserContextRevision,
      changes: [],
    });
  });

  it('logs who did it, under the name that is registered', () => {
    const live = given(createDialog());
    const byId = { performedBy: kariById, ...registered };
    const { labelAssignments } = live.when(setSystemLabels({ addLabels: ['Bin'], ...byId }), later()).thenChanged();
    const performedBy = { ...kariById, actorName: 'Fisker Kari Anne' };
    expect(labelAssignments).toEqual([
      { dialogId, id: id(9000), createdAt: at('13:00'), name: 'systemlabel:Bin', action: 'set', performedBy },
    ]);
  });

  it('needs a registered name where there is something to log, after all other checks', () => {
    const live = given(createDialog());
    const byId = { performedBy: kariById };
    live.when(setSystemLabels({ addLabels: ['Bin'], ...byId })).thenRejectedFor(422, 'ActorId');
    live.when(setSystemLabels({ addLabels: ['Bin'], ...byId, ifMatch: id(4) })).thenRejected({ status: 412 });
    expect(live.when(setSystemLabels({ addLabels: ['Default'], ...byId })).outcome.kind).toBe('applied');
  });

  it('compares If-Match with the revision of the end-user context, not with that of the dialog', () => {
    const live = given(createDialog());
    const { revision, endUserContextRevision } = live.dialog();
    live.when(setSystemLabels({ addLabels: ['Bin'], ifMatch: revision })).thenRejected({ status: 412 });
    live.when(setSystemLabels({ addLabels: ['Bin'], ifMatch: endUserContextRevision })).thenChanged();
  });

  it('lets only administrators name who did it, once it is known that the dialog is there', () => {
    const named = { performerNamed: true, addLabels: ['Bin' as const] };
    given(createDialog())
      .when(setSystemLabels({ ...named, ifMatch: id(4) }))
      .thenRejectedFor(403, 'Forbidden');
    given().when(setSystemLabels(named)).thenRejectedFor(404, 'DialogEntity');
    const { labelAssignments } = given(createDialog())
      .when(setSystemLabels({ ...named, ...asAdmin }))
      .thenChanged();
    expect(labelAssignments).toMatchObject([{ performedBy: kari }]);
  });

  it('refuses a dialog that the end user may not see, before it compares the revision', () => {
    const { outcome, thenRejectedFor } = given(createDialog()).when(
      setSystemLabels({ addLabels: ['Bin'], unauthorized: [dialogId], ifMatch: id(4) }),
    );
    thenRejectedFor(403, 'Forbidden');
    expect(outcome).toMatchObject({ rejection: { errors: { Forbidden: [expect.stringContaining(dialogId)] } } });
  });

  it.each([
    ['live', {}, 'applied', 'applied', 'rejected', 'applied', 'applied'],
    ['frozen', { frozen: true }, 'applied', 'applied', 'rejected', 'applied', 'applied'],
    ['deleted', { deleted: true }, 'rejected', 'rejected', 'rejected', 'rejected', 'rejected'],
  ] as const)(
    'of a %s dialog: by its org, as administrator, by another org, as administrator, by an end user',
    (_, as, ...expected) => {
      const history = [
        createDialog(),
        ...('frozen' in as ? [freezeDialog()] : []),
        ...('deleted' in as ? [deleteDialog()] : []),
      ];
      const live = given(...history);
      const callers = [{}, asAdmin, { org: 'skd' }, { org: 'skd', ...asAdmin }, { org: 'skd', byEndUser: true }];
      const outcomes = callers.map((caller) => live.when(setSystemLabels({ addLabels: ['Bin'], ...caller })).outcome);
      expect(outcomes.map(({ kind }) => kind)).toEqual(expected);
      for (const outcome of outcomes) {
        if (outcome.kind === 'rejected') expect(outcome.rejection).toMatchObject({ status: 404 });
      }
      const inBulk = callers.map(
        (caller) => live.when(bulkSetSystemLabels([dialogId], { addLabels: ['Bin'], ...caller })).outcome.kind,
      );
      expect(inBulk).toEqual(expected);
    },
  );
});

describe('BulkSetSystemLabels', () => {
  const ids = [id(1), id(2), id(3)];
  const three = ids.map((one) => createDialog({}, { dialogId: one }));

  it('changes all of them, and logs a line for each', () => {
    const live = given(...three);
    const { outcome } = live.when(bulkSetSystemLabels(ids, { addLabels: ['Archive'] }));
    if (outcome.kind === 'rejected') throw new Error('Rejected.');
    expect(outcome.changes.map(({ dialog }) => [dialog.id, dialog.systemLabels])).toEqual(
      ids.map((one) => [one, ['Archive']]),
    );
    expect(outcome.changes.flatMap(({ labelAssignments }) => labelAssignments)).toMatchObject(
      ids.map((one) => ({ dialogId: one, name: 'systemlabel:Archive', action: 'set', performedBy: kari })),
    );
    expect(outcome.revision).toBe(outcome.changes[0]?.dialog.endUserContextRevision);
  });

  it('leaves those alone that have the labels already', () => {
    const archived = createDialog({ systemLabel: 'Archive' }, { dialogId: id(1) });
    const live = given(archived, ...three.slice(1));
    const { outcome } = live.when(bulkSetSystemLabels(ids, { addLabels: ['Archive'] }));
    expect(outcome).toMatchObject({
      revision: live.dialog().endUserContextRevision,
      changes: [{ dialog: { id: id(2) } }, { dialog: { id: id(3) } }],
    });
  });

  it('changes none when one is not there, and names all that are not', () => {
    const theirs = createDialog({}, { dialogId: id(4), resource: { org: 'skd', type: 'genericaccessresource' } });
    const asked = [...ids, id(4), id(5), id(6)];
    const live = given(...three, theirs, createDialog({}, { dialogId: id(5) }), deleteDialog({ dialogId: id(5) }));
    const bulk = bulkSetSystemLabels(asked, { addLabels: ['Archive'], unauthorized: [id(2)] });
    const { outcome } = live.when(bulk);
    expect(outcome).toMatchObject({ kind: 'rejected', rejection: { status: 404 } });
    if (outcome.kind === 'applied') return;
    const [message = ''] = outcome.rejection.errors?.DialogEntity ?? [];
    expect(asked.filter((one) => message.includes(one))).toEqual([id(2), id(4), id(5), id(6)]);
    const asAdministrator = live.when({ ...bulk, ...asAdmin, unauthorized: [] }).outcome;
    if (asAdministrator.kind === 'applied') throw new Error('Applied.');
    const [shorter = ''] = asAdministrator.rejection.errors?.DialogEntity ?? [];
    expect(asked.filter((one) => shorter.includes(one))).toEqual([id(5), id(6)]);
  });

  it('changes none when one has another revision', () => {
    const live = given(...three);
    const seen = (one: string) => live.state.dialogs.get(one)?.endUserContextRevision ?? null;
    const dialogs = ids.map((one) => ({ dialogId: one, endUserContextRevision: seen(one) }));
    const bulk = bulkSetSystemLabels(ids, { addLabels: ['Archive'], dialogs });
    expect(live.when(bulk).outcome.kind).toBe('applied');
    live
      .when({ ...bulk, dialogs: [...dialogs.slice(0, 2), { dialogId: id(3), endUserContextRevision: seen(id(1)) }] })
      .thenRejected({ status: 412 });
  });

  it('refuses a named performer before it looks for the dialogs', () =>
    given()
      .when(bulkSetSystemLabels(ids, { performerNamed: true }))
      .thenRejectedFor(403, 'Forbidden'));

  it('needs a registered name where there is something to log', () => {
    const unnamed = bulkSetSystemLabels(ids, { addLabels: ['Archive'], performedBy: kariById });
    given(...three)
      .when(unnamed)
      .thenRejectedFor(422, 'ActorId');
    expect(given(...three).when({ ...unnamed, ...registered }).outcome.kind).toBe('applied');
  });
});
