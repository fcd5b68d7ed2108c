import type { Command } from '@dialog/contracts/commands';
import type { DialogEvent } from '@dialog/contracts/dialog-event';
import type { Timestamp } from '@dialog/contracts/timestamp';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { type Dialog, isVisible } from './dialog.ts';
import { type DialogState, emptyState, record } from './dialog-state.ts';
import type { Change } from './outcome.ts';
import {
  activityBody,
  applyVisibility,
  asAdmin,
  at,
  contextAt,
  createActivity,
  createDialog,
  createTransmission,
  deleteDialog,
  dialogId,
  freezeDialog,
  id,
  purgeDialog,
  recordVisit,
  restoreDialog,
  setSystemLabels,
  transmissionBody,
  updateDialog,
  updateTransmission,
} from './testing/examples.ts';
import { given } from './testing/given.ts';

type Step = readonly [time: string, command: Command];
type Heard = { time: string; event: DialogEvent };

/** Decides commands at their times, each on what the one before left, whether it is rejected or not. */
function play(steps: readonly Step[], check: (state: DialogState, step: Step, change?: Change) => void = () => {}) {
  const state = emptyState();
  const party: Heard[] = [];
  const owner: Heard[] = [];
  for (const step of steps) {
    const [time, command] = step;
    const outcome = decide(state, command, contextAt(at(time)));
    const [change] = outcome.kind === 'applied' ? outcome.changes : [];
    check(state, step, change);
    if (change === undefined) continue;
    record(state, change);
    for (const event of change.events) {
      if (event.audiences.includes('party')) party.push({ time, event });
      if (event.audiences.includes('owner')) owner.push({ time, event });
    }
  }
  return { state, party, owner, dialog: state.dialogs.get(dialogId) };
}

/** `14:00 Created`, and of a child its number: `14:00 TransmissionCreated 5`. */
function lineOf({ time, event }: Heard): string {
  const child =
    event.type === 'DialogTransmissionCreated'
      ? ` ${Number(event.transmissionId.slice(-3))}`
      : event.type === 'DialogActivityCreated'
        ? ` ${Number(event.activityId.slice(-3))}`
        : '';
  return `${time} ${event.type.replace(/^Dialog/, '')}${child}`;
}

const from14 = { visibleFrom: at('14:00') };
const until16 = { expiresAt: at('16:00') };
const create = createDialog({
  ...from14,
  transmissions: [transmissionBody({ id: id(20) }), transmissionBody({ id: id(21) })],
  activities: [activityBody({ id: id(40) })],
});
const brief = createDialog(from14);
const transmission = (number: number, silent = false) => createTransmission({ id: id(number) }, { silent });
const activity = (number: number) => createActivity({ id: id(number) });
const update = (expiresAt: Dialog['expiresAt'], silent = false) => updateDialog({ expiresAt }, { silent });
const come = () => applyVisibility();
const silent = { silent: true };

const cases: [what: string, steps: Step[], heard: string[]][] = [
  [
    'of a dialog and all that is in it when it becomes visible, in the order in which it came',
    [
      ['12:00', create],
      ['12:01', activity(41)],
      ['12:02', transmission(19)],
      ['12:03', updateDialog({ transmissions: [transmissionBody({ id: id(18) })] })],
      ['14:00', come()],
    ],
    [
      '14:00 Created',
      '14:00 TransmissionCreated 20',
      '14:00 TransmissionCreated 21',
      '14:00 ActivityCreated 40',
      '14:00 ActivityCreated 41',
      '14:00 TransmissionCreated 19',
      '14:00 TransmissionCreated 18',
    ],
  ],
  [
    'of no update before',
    [
      ['12:00', brief],
      ['13:00', updateDialog({ progress: 5 })],
      ['13:10', freezeDialog()],
      ['14:00', come()],
    ],
    ['14:00 Created'],
  ],
  [
    'of a dialog once, however often it is told',
    [
      ['12:00', brief],
      ['14:00', come()],
      ['14:00', come()],
      ['14:01', deleteDialog()],
      ['14:02', restoreDialog()],
      ['14:03', come()],
    ],
    ['14:00 Created', '14:01 Deleted', '14:02 Restored'],
  ],
  [
    'of nothing too early',
    [
      ['12:00', brief],
      ['13:59:59', come()],
    ],
    [],
  ],
  [
    'of changes from then on at once',
    [
      ['12:00', brief],
      ['14:00', come()],
      ['14:01', transmission(20)],
    ],
    ['14:00 Created', '14:01 Updated', '14:01 TransmissionCreated 20'],
  ],
  [
    'of nothing silent',
    [
      ['12:00', brief],
      ['12:10', transmission(20, true)],
      ['12:20', transmission(21)],
      ['14:00', come()],
    ],
    ['14:00 Created', '14:00 TransmissionCreated 21'],
  ],
  [
    'of what is in a dialog that was created silently, though not of itself',
    [
      ['12:00', createDialog(from14, silent)],
      ['12:10', transmission(20)],
      ['14:00', come()],
      ['14:10', updateDialog({ progress: 5 })],
    ],
    ['14:00 TransmissionCreated 20', '14:10 Updated'],
  ],
  [
    'late of what came in order, if the command is late',
    [
      ['12:00', brief],
      ['14:01', transmission(20)],
      ['14:02', updateDialog({ progress: 5 })],
      ['14:05', come()],
    ],
    ['14:05 Created', '14:05 TransmissionCreated 20'],
  ],
  [
    'of nothing that was deleted before',
    [
      ['12:00', brief],
      ['13:00', deleteDialog()],
      ['14:00', come()],
    ],
    [],
  ],
  [
    'of nothing that is deleted before it has been told of it',
    [
      ['12:00', brief],
      ['14:00', deleteDialog()],
      ['14:01', purgeDialog()],
      ['14:05', come()],
    ],
    [],
  ],
  [
    'of a dialog that was deleted and restored before',
    [
      ['12:00', brief],
      ['12:30', deleteDialog()],
      ['13:00', restoreDialog()],
      ['14:00', come()],
    ],
    ['14:00 Created'],
  ],
  [
    'of a dialog when it is restored after its time has come',
    [
      ['12:00', brief],
      ['13:00', deleteDialog()],
      ['14:00', come()],
      ['15:00', restoreDialog()],
      ['15:00', come()],
    ],
    ['15:00 Created'],
  ],
  [
    'of nothing that was purged before, but of what was made in its place',
    [
      ['12:00', create],
      ['13:00', purgeDialog()],
      ['13:10', createDialog({ visibleFrom: at('15:00') })],
      ['14:00', come()],
      ['15:00', come()],
    ],
    ['15:00 Created'],
  ],
  [
    'of a dialog whose time is over',
    [
      ['12:00', createDialog(until16)],
      ['16:00', come()],
      ['16:01', come()],
      ['16:02', transmission(20)],
    ],
    ['12:00 Created', '16:00 Expired'],
  ],
  [
    'of no end that has been moved, until it comes',
    [
      ['12:00', createDialog(until16)],
      ['15:00', update(at('18:00'))],
      ['16:00', come()],
      ['18:00', come()],
    ],
    ['12:00 Created', '15:00 Updated', '18:00 Expired'],
  ],
  [
    'of no end that has been cleared, silently or not',
    [
      ['12:00', createDialog(until16)],
      ['15:00', update(null, true)],
      ['16:00', come()],
    ],
    ['12:00 Created'],
  ],
  [
    'that a dialog is back when its end is moved or cleared',
    [
      ['12:00', createDialog(until16)],
      ['16:00', come()],
      ['17:00', update(at('18:00'))],
      ['18:00', come()],
      ['19:00', update(null)],
    ],
    ['12:00 Created', '16:00 Expired', '17:00 Updated', '18:00 Expired', '19:00 Updated'],
  ],
  [
    'of an end before anything that comes after it, if the command is late',
    [
      ['12:00', createDialog(until16)],
      ['16:05', update(null)],
      ['16:10', come()],
    ],
    ['12:00 Created', '16:05 Expired', '16:05 Updated'],
  ],
  [
    'of an end though a silent change comes first',
    [
      ['12:00', createDialog(until16)],
      ['16:05', setSystemLabels({ addLabels: ['Archive'] })],
      ['16:10', come()],
    ],
    ['12:00 Created', '16:05 Expired'],
  ],
  [
    'of no deletion after the end, but of the end',
    [
      ['12:00', createDialog(until16)],
      ['16:05', deleteDialog()],
      ['16:06', purgeDialog()],
    ],
    ['12:00 Created', '16:05 Expired'],
  ],
  [
    'of no end of what is deleted, nor when it is restored after it',
    [
      ['12:00', createDialog(until16)],
      ['15:00', deleteDialog()],
      ['16:00', come()],
      ['17:00', restoreDialog()],
      ['17:01', come()],
      ['18:00', update(null)],
    ],
    ['12:00 Created', '15:00 Deleted', '18:00 Updated'],
  ],
  [
    'of an end that comes after a restore',
    [
      ['12:00', createDialog(until16)],
      ['14:00', deleteDialog()],
      ['15:00', restoreDialog()],
      ['16:00', come()],
    ],
    ['12:00 Created', '14:00 Deleted', '15:00 Restored', '16:00 Expired'],
  ],
  [
    'of beginning and end',
    [
      ['12:00', createDialog({ ...from14, ...until16 })],
      ['14:00', come()],
      ['16:00', come()],
    ],
    ['14:00 Created', '16:00 Expired'],
  ],
  [
    'of nothing whose end comes with its beginning',
    [
      ['12:00', createDialog({ ...from14, expiresAt: at('14:00') })],
      ['14:00', come()],
    ],
    [],
  ],
  [
    'of nothing whose end passed before it could be told',
    [
      ['12:00', createDialog({ ...from14, ...until16 })],
      ['16:00', come()],
    ],
    [],
  ],
  [
    'of what it could not see before when the end is cleared',
    [
      ['12:00', createDialog({ ...from14, ...until16 })],
      ['16:00', come()],
      ['17:00', update(null)],
      ['17:00', come()],
    ],
    ['17:00 Created'],
  ],
  [
    'of a dialog that was over when it was created, once it is not',
    [
      ['12:00', createDialog({ expiresAt: at('11:00') }, asAdmin)],
      ['12:01', come()],
      ['13:00', update(at('15:00'))],
      ['13:00', come()],
      ['15:00', come()],
    ],
    ['13:00 Created', '15:00 Expired'],
  ],
];

describe('the party hears', () => {
  it.each(cases)('%s', (_, steps, heard) => {
    expect(play(steps).party.map(lineOf)).toEqual(heard);
  });
});

describe('ApplyVisibility', () => {
  it('gives out the events that the service owner got before, for the party alone', () => {
    const { owner, party } = play([
      ['12:00', create],
      ['14:00', come()],
    ]);
    expect(party.map(({ event }) => event)).toEqual(owner.map(({ event }) => ({ ...event, audiences: ['party'] })));
  });

  it('changes nothing but what is withheld and due, and keeps the revision', () => {
    const { dialog: before } = play([['12:00', createDialog({ ...from14, ...until16 })]]);
    const { dialog: shown } = play([
      ['12:00', createDialog({ ...from14, ...until16 })],
      ['14:00', come()],
    ]);
    const { revision, endUserContextRevision, serviceOwnerContextRevision } = shown ?? {};
    expect(shown).toEqual({
      ...{ ...before, revision, endUserContextRevision, serviceOwnerContextRevision },
      withheldEventsCount: null,
      visibilityDueAt: at('16:00'),
    });
    const withheld = given(brief);
    const { dialog } = withheld.when(come(), contextAt(at('14:00'))).thenChanged();
    expect(dialog.revision).toBe(withheld.dialog().revision);
    expect(dialog.updatedAt).toBe(at('14:00'));
  });

  it('finds nothing to do before the time has come, or where there is none', () => {
    given(brief)
      .when(come(), contextAt(at('13:00')))
      .thenUnchanged();
    given(createDialog())
      .when(come(), contextAt(at('13:00')))
      .thenUnchanged();
  });

  it('is done to frozen dialogs, too, and finds none that is gone', () => {
    given(brief, freezeDialog())
      .when(come(), contextAt(at('14:00')))
      .thenChanged();
    given(brief, purgeDialog()).when(come()).thenRejectedFor(404, 'DialogEntity');
  });
});

describe('a dialog is due', () => {
  it.each<[string, Step[], string | null]>([
    ['never without dates', [['12:00', createDialog()]], null],
    ['when it becomes visible', [['12:00', createDialog({ ...from14, ...until16 })]], '14:00'],
    ['when it expires', [['12:00', createDialog(until16)]], '16:00'],
    [
      'not while it is deleted',
      [
        ['12:00', brief],
        ['12:10', deleteDialog()],
      ],
      null,
    ],
    [
      'again once it is restored',
      [
        ['12:00', brief],
        ['12:10', deleteDialog()],
        ['12:20', restoreDialog()],
      ],
      '14:00',
    ],
    [
      'at once where the time has passed meanwhile',
      [
        ['12:00', brief],
        ['13:00', deleteDialog()],
        ['15:00', restoreDialog()],
      ],
      '15:00',
    ],
    [
      'since its time has come, whatever else becomes of it until it is told',
      [
        ['12:00', brief],
        ['14:10', updateDialog({ progress: 5 })],
        ['14:20', transmission(20)],
      ],
      '14:00',
    ],
    [
      'not by silence alone',
      [
        ['12:00', createDialog({ ...from14 }, silent)],
        ['14:00', come()],
      ],
      null,
    ],
    [
      'not for a visit',
      [
        ['12:00', createDialog(until16)],
        ['13:00', recordVisit()],
      ],
      '16:00',
    ],
    [
      'not for a correction',
      [
        ['12:00', create],
        ['13:00', updateTransmission(id(20))],
      ],
      '14:00',
    ],
  ])('%s', (_, steps, due) => {
    const { dialog } = play(steps);
    expect(dialog).toBeDefined();
    expect(dialog?.visibilityDueAt).toBe(due === null ? null : at(due));
  });
});

describe('any history', () => {
  const dates = fc.constantFrom(null, at('12:03'), at('12:10'), at('12:20'));
  const isSilent = fc.boolean().map((value) => ({ silent: value }));
  const command: fc.Arbitrary<Command> = fc.oneof(
    fc
      .record({ visibleFrom: dates, expiresAt: dates })
      .filter(({ visibleFrom, expiresAt }) => expiresAt === null || (visibleFrom ?? '') <= expiresAt)
      .map((members) => createDialog(members, asAdmin)),
    fc.tuple(dates, isSilent).map(([expiresAt, header]) => updateDialog({ expiresAt }, { ...asAdmin, ...header })),
    isSilent.map((header) => createTransmission({}, header)),
    isSilent.map((header) => createActivity({}, header)),
    isSilent.map((header) => deleteDialog(header)),
    isSilent.map((header) => restoreDialog(header)),
    fc.constantFrom(purgeDialog(), recordVisit(), setSystemLabels({ addLabels: ['Bin'] })),
    { arbitrary: fc.constant(applyVisibility()), weight: 2 },
  );
  const history = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 3 }), command), { maxLength: 40, size: 'max' })
    .map((commands) => {
      let minute = 0;
      return commands.map(([minutes, any]): Step => {
        minute = Math.min(minute + minutes, 59);
        return [`12:${String(minute).padStart(2, '0')}`, any];
      });
    });
  type Decision = { kind: Command['kind']; now: Timestamp; before: Dialog | undefined; change: Change };

  /** Checks every change of every history; `newCheck` is called for each history. */
  function always(newCheck: () => (decision: Decision) => void): void {
    fc.assert(
      fc.property(history, (steps) => {
        const check = newCheck();
        play(steps, (state, [time, { kind }], change) => {
          if (change !== undefined) check({ kind, now: at(time), before: state.dialogs.get(dialogId), change });
        });
      }),
    );
  }
  const forParty = ({ events }: Change) => events.filter(({ audiences }) => audiences.includes('party'));

  it('tells of a dialog before anything else, and of each thing in it once, in the order in which they came', () =>
    always(() => {
      let heard: string[] = [];
      let expected: string[] = [];
      const newIn = (events: readonly DialogEvent[]) =>
        events.flatMap((event) => {
          if (event.type === 'DialogTransmissionCreated') return [event.transmissionId];
          if (event.type === 'DialogActivityCreated') return [event.activityId];
          return event.type === 'DialogCreated' ? [event.type] : [];
        });
      return ({ kind, now, before, change }) => {
        const { dialog } = change;
        if (kind === 'CreateDialog') [heard, expected] = [[], []];
        const isUnknown = dialog.withheldEventsCount !== null;
        // What comes while the dialog is over or deleted, after it has been seen, is told by no event of its own.
        if (kind !== 'ApplyVisibility' && (isUnknown || isVisible(dialog, now))) expected.push(...newIn(change.events));
        const told = forParty(change);
        if (heard.length === 0 && told.length > 0) expect(told[0]?.type).toBe('DialogCreated');
        heard.push(...newIn(told));
        expect(heard).toEqual(isUnknown ? [] : expected);
        if (before?.withheldEventsCount === null && kind !== 'CreateDialog') expect(isUnknown).toBe(false);
      };
    }));

  it('tells nothing of a dialog that cannot be seen, but that it is over', () =>
    always(() => ({ now, before, change }) => {
      for (const { type } of forParty(change).filter((event) => event.type !== 'DialogExpired')) {
        const about = type === 'DialogDeleted' ? before : change.dialog;
        expect(about !== undefined && isVisible(about, now)).toBe(true);
      }
    }));

  it('tells that a dialog is over once after each time that it could be seen', () =>
    always(() => {
      let couldBeSeen = false;
      return ({ kind, now, change }) => {
        const ends = forParty(change).filter(({ type }) => type === 'DialogExpired');
        expect(ends.length).toBeLessThanOrEqual(couldBeSeen && kind !== 'CreateDialog' ? 1 : 0);
        couldBeSeen = isVisible(change.dialog, now) || (couldBeSeen && ends.length === 0);
      };
    }));

  it('leaves nothing due that ApplyVisibility has been applied to', () =>
    always(() => ({ kind, now, change: { dialog } }) => {
      if (kind !== 'ApplyVisibility') return;
      expect(dialog.visibilityDueAt === null || dialog.visibilityDueAt > now).toBe(true);
      if (isVisible(dialog, now)) expect(dialog.withheldEventsCount).toBeNull();
    }));
});
