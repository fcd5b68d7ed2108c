import { describe, it } from 'vitest';
import type { Dialog } from './dialog.ts';
import {
  asAdmin,
  createActivity,
  createDialog,
  createTransmission,
  id,
  patchDialog,
  updateDialog,
  updateTransmission,
  withCorrespondence,
} from './testing/examples.ts';
import { given } from './testing/given.ts';

const foreign = 'urn:altinn:resource:theirs';
const facts = { notOwned: [foreign, 'urn:altinn:resource:hers'], actorNames: {} };
const guiAction: Dialog['guiActions'][number] = {
  ...{ id: id(40), action: 'write', url: 'https://ttd.example/form', httpMethod: 'GET', priority: 'Primary' },
  ...{ isDeleteDialogAction: false, title: [{ languageCode: 'nb', value: 'Fyll ut' }], prompt: null },
  authorizationAttribute: 'urn:altinn:resource:Theirs',
};
const letter = createTransmission({ id: id(5) });
const changes = [
  updateDialog({ guiActions: [guiAction] }),
  patchDialog([{ op: 'add', path: '/guiActions/-', value: guiAction }]),
  createTransmission(),
  createActivity(),
  updateTransmission(id(5)),
];

describe('the reference check', () => {
  it.each(changes)(
    'refuses $kind that refers to what the caller does not own, unless an administrator sends it',
    (change) => {
      const live = given(createDialog(), letter);
      live.when({ ...change, facts }).thenRejectedFor(403, 'Forbidden');
      live.when({ ...change, facts, ...asAdmin }).thenChanged();
    },
  );

  it.each(changes)('leaves $kind of a correspondence to holders of its scope, and to administrators', (change) => {
    const resource = { org: 'ttd', type: 'correspondenceservice' };
    const live = given(createDialog({}, { resource, ...withCorrespondence }), { ...letter, ...withCorrespondence });
    live.when(change).thenRejectedFor(403, 'Forbidden');
    live.when({ ...change, ...withCorrespondence }).thenChanged();
    live.when({ ...change, ...asAdmin }).thenChanged();
  });

  it.each([
    ['creating', createDialog({}, { facts }), []],
    ['adding a transmission', createTransmission({}, { facts }), [createDialog()]],
  ])('names every resource that is not the caller’s: %s', (_, command, history) =>
    given(...history)
      .when(command)
      .thenRejected({
        status: 403,
        errors: { Forbidden: [`Not owned by the caller: ${foreign}, urn:altinn:resource:hers`] },
      }),
  );

  it('names of an update what it refers to, and does not ask who owns what a text mentions', () => {
    given(createDialog())
      .when(updateDialog({ guiActions: [guiAction] }, { facts }))
      .thenRejected({ status: 403, errors: { Forbidden: [`Not owned by the caller: ${foreign}`] } });
    given(createDialog())
      .when(patchDialog([{ op: 'add', path: '/externalReference', value: foreign }], { facts }))
      .thenChanged();
  });

  it('leaves the creation of a correspondence to holders of its scope, and to administrators', () => {
    const command = createDialog({}, { resource: { org: 'ttd', type: 'correspondenceservice' } });
    given().when(command).thenRejectedFor(403, 'Forbidden');
    given()
      .when({ ...command, ...withCorrespondence })
      .thenChanged();
    given()
      .when({ ...command, ...asAdmin })
      .thenChanged();
  });
});
