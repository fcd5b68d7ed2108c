import type { GivenLabel } from '@dialog/contracts/system-labels';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LabelAssignment } from './dialog.ts';
import { isPlace, relabelled } from './system-labels.ts';
import {
  activityBody,
  contextAt,
  createActivity,
  createDialog,
  createTransmission,
  patchDialog,
  setSystemLabels,
  transmissionBody,
  updateDialog,
} from './testing/examples.ts';
import { apply, given, stateAfter } from './testing/given.ts';

const serviceOwner = { actorType: 'ServiceOwner', actorId: null, actorName: null };

function inWords(lines: readonly LabelAssignment[]): string[] {
  return lines.map(({ action, name }) => `${action} ${name.replace('systemlabel:', '')}`);
}

describe('labels on a dialog', () => {
  const sent = createTransmission({ type: 'Submission' });

  it.each<[had: string, add: GivenLabel[], remove: GivenLabel[], has: string, log: string[]]>([
    ['Default', ['Bin'], [], 'Bin', ['set Bin']],
    ['Default', ['Default'], [], 'Default', []],
    ['Default', [], ['Default', 'Bin', 'MarkedAsUnopened'], 'Default', []],
    ['Bin', [], ['Bin'], 'Default', ['remove Bin']],
    ['Bin', [], ['Archive'], 'Bin', []],
    ['Bin', [], ['Default'], 'Bin', []],
    ['Bin', ['Archive'], [], 'Archive', ['set Archive', 'remove Bin']],
    ['Bin', ['Default'], [], 'Default', ['remove Bin']],
    ['Bin', ['Bin'], ['Bin'], 'Bin', []],
    ['Default', ['Bin', 'Archive'], [], 'Archive', ['set Archive']],
    ['Default', ['Bin', 'Archive', 'Bin'], [], 'Archive', ['set Archive']],
    ['Default', ['Bin', 'Default'], [], 'Default', []],
    ['Default', ['MarkedAsUnopened', 'MarkedAsUnopened'], [], 'Default MarkedAsUnopened', ['set MarkedAsUnopened']],
    ['Default', ['MarkedAsUnopened'], ['MarkedAsUnopened'], 'Default MarkedAsUnopened', ['set MarkedAsUnopened']],
    ['Archive', ['MarkedAsUnopened', 'Bin'], ['Archive'], 'Bin MarkedAsUnopened', expect.anything()],
  ])('%s, adding %j after removing %j: %s', (had, addLabels, removeLabels, has, log) => {
    for (const earlier of [[], [sent]]) {
      const before = given(createDialog(), ...earlier, place(had));
      const { outcome } = before.when(setSystemLabels({ addLabels, removeLabels }));
      if (outcome.kind === 'rejected') throw new Error('Rejected.');
      const labels = outcome.changes[0]?.dialog.systemLabels ?? before.dialog().systemLabels;
      expect(labels).toEqual([...has.split(' '), ...(earlier.length === 0 ? [] : ['Sent'])]);
      expect(inWords(outcome.changes[0]?.labelAssignments ?? [])).toEqual(log);
    }
  });

  function place(label: string) {
    const addLabels: GivenLabel[] = label === 'Bin' || label === 'Archive' ? [label] : [];
    return setSystemLabels({ addLabels });
  }
});

describe('the label log of what a service owner changes', () => {
  const binned = createDialog({ systemLabel: 'Bin' });
  const fromParty = transmissionBody({ type: 'Correction' });

  it.each([
    ['a create', [], createDialog(), []],
    ['a create in the bin', [], binned, ['set Bin']],
    ['a create in the archive', [], createDialog({ systemLabel: 'Archive' }), ['set Archive']],
    ['a create with what the party sent', [], createDialog({ transmissions: [fromParty] }), ['set Sent']],
    ['all of it', [], createDialog({ systemLabel: 'Bin', transmissions: [fromParty] }), ['set Bin', 'set Sent']],
    ['what the party sends', [createDialog()], createTransmission({ type: 'Submission' }), ['set Sent']],
    ['what the party sends in a PUT', [createDialog()], updateDialog({ transmissions: [fromParty] }), ['set Sent']],
    [
      'what the party sends once more',
      [createDialog(), createTransmission({ type: 'Submission' })],
      createTransmission({ type: 'Submission' }),
      [],
    ],
    ['what the service owner sends', [createDialog()], createTransmission(), []],
    ['what the service owner sends to the bin', [binned], createTransmission(), ['remove Bin']],
    [
      'what the party sends from the bin',
      [binned],
      createTransmission({ type: 'Submission' }),
      ['set Sent', 'remove Bin'],
    ],
    ['an activity', [binned], createActivity(), ['remove Bin']],
    ['a PUT', [binned], updateDialog({ progress: 1 }), ['remove Bin']],
    ['a PUT that changes nothing', [binned], updateDialog(), ['remove Bin']],
    ['a PATCH', [binned], patchDialog([{ op: 'replace', path: '/progress', value: 1 }]), ['remove Bin']],
    ['a PUT of what is in no bin', [createDialog()], updateDialog({ progress: 1 }), []],
    ['a silent PUT', [binned], updateDialog({ progress: 1 }, { silent: true }), []],
    ['a silent activity', [binned], createActivity(activityBody(), { silent: true }), []],
    ['a silent transmission', [binned], createTransmission({ type: 'Submission' }, { silent: true }), ['set Sent']],
  ])('after %s', (_, history, command, log) => {
    const { outcome } = given(...history).when(command);
    if (outcome.kind === 'rejected') throw new Error('Rejected.');
    const lines = outcome.changes.flatMap(({ labelAssignments }) => labelAssignments);
    expect(inWords(lines)).toEqual(log);
    for (const { performedBy } of lines) expect(performedBy).toEqual(serviceOwner);
  });
});

describe('any labelling', () => {
  const label = fc.constantFrom<GivenLabel[]>('Default', 'Bin', 'Archive', 'MarkedAsUnopened');
  const labels = fc.array(label, { maxLength: 6 });
  const steps = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.record({ addLabels: labels, removeLabels: labels }).map(setSystemLabels) },
      {
        weight: 1,
        arbitrary: fc
          .constantFrom(
            () => createTransmission({ type: 'Submission' }),
            () => createActivity(),
            () => updateDialog({}, { silent: true }),
          )
          .map((command) => command()),
      },
    ),
    { maxLength: 15 },
  );

  it('leaves a dialog in one place, keeps Sent, and logs what leads from before to after', () =>
    fc.assert(
      fc.property(steps, (commands) => {
        const context = contextAt();
        const state = stateAfter([createDialog()], context);
        for (const command of commands) {
          const before = [...state.dialogs.values()][0];
          const outcome = apply(state, command, context);
          const after = [...state.dialogs.values()][0];
          if (before === undefined || after === undefined) throw new Error('There is no dialog.');

          expect(after.systemLabels.filter(isPlace)).toHaveLength(1);
          expect(after.systemLabels.includes('Sent')).toBe(after.fromPartyTransmissionsCount > 0);
          const changed = after.systemLabels.join() !== before.systemLabels.join();
          expect(after.endUserContextRevision !== before.endUserContextRevision).toBe(changed);

          const logged = new Set<string>(before.systemLabels.filter((one) => one !== 'Default'));
          const lines = outcome.changes.flatMap(({ labelAssignments }) => labelAssignments);
          for (const { action, name } of lines) {
            const one = name.replace('systemlabel:', '');
            expect(logged.has(one)).toBe(action === 'remove');
            if (action === 'set') logged.add(one);
            else logged.delete(one);
          }
          expect(logged).toEqual(new Set(after.systemLabels.filter((one) => one !== 'Default')));
          expect(lines.map(({ id }) => id)).toEqual(lines.map(({ id }) => id).toSorted());
        }
      }),
    ));

  it('makes no difference the second time', () =>
    fc.assert(
      fc.property(steps, labels, labels, (commands, addLabels, removeLabels) => {
        const context = contextAt();
        const [dialog] = stateAfter([createDialog(), ...commands], context).dialogs.values();
        if (dialog === undefined) throw new Error('There is no dialog.');
        const once = relabelled(dialog, { addLabels, removeLabels }, context);
        expect(relabelled(once, { addLabels, removeLabels }, context)).toBe(once);
      }),
    ));
});
