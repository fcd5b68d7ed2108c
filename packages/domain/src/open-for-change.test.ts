import { describe, it } from 'vitest';
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

const letter = createTransmission({ id: id(5) });
const changes = [
  updateDialog({ progress: 5 }),
  patchDialog([{ op: 'replace', path: '/progress', value: 5 }]),
  createTransmission(),
  createActivity(),
  updateTransmission(id(5)),
];

describe('the reference check', () => {
  it.each(changes)(
    'refuses $kind that refers to what the caller does not own, unless an administrator sends it',
    (change) => {
      const facts = { notOwned: ['urn:altinn:resource:theirs'], actorNames: {} };
      const live = given(createDialog(), letter);
      live.when({ ...change, facts }).thenRejectedFor(403, 'Forbidden');
      live.when({ ...change, facts, ...asAdmin }).thenChanged();
    },
  );

  it.each(changes)('leaves $kind of a correspondence to holders of its scope, and to administrators', (change) => {
    const resource = { org: 'ttd', type: 'correspondenceservice' };
    const live = given(createDialog({}, { resource }), { ...letter, ...withCorrespondence });
    live.when(change).thenRejectedFor(403, 'Forbidden');
    live.when({ ...change, ...withCorrespondence }).thenChanged();
    live.when({ ...change, ...asAdmin }).thenChanged();
  });
});
