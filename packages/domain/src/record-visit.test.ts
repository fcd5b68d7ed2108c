import { seenLogId } from '@dialog/contracts/seen-log-id';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dialog } from './dialog.ts';
import {
  asAdmin,
  at,
  contextAt,
  createActivity,
  createDialog,
  createTransmission,
  deleteDialog,
  dialogId,
  freezeDialog,
  now,
  patchDialog,
  purgeDialog,
  recordVisit,
  setSystemLabels,
  visitor,
} from './testing/examples.ts';
import { apply, given, stateAfter } from './testing/given.ts';

const ola = { ...visitor, actorId: 'urn:altinn:person:identifier-no:05826510058', actorName: 'Snekker Ola' };
const markedAsUnopened = setSystemLabels({ addLabels: ['MarkedAsUnopened'] });
const created = createDialog();
const afternoon = contextAt(at('13:00'));

/** A dialog after some commands, one a minute from noon on; what a visit at 13:00 changes. */
function visited(commands: Parameters<typeof stateAfter>[0], visit = recordVisit()) {
  const state = stateAfter([], contextAt());
  for (const [minute, command] of commands.entries()) {
    apply(state, command, contextAt(at(`12:${String(minute).padStart(2, '0')}`)));
  }
  const before = state.dialogs.get(dialogId);
  const { changes, revision } = apply(state, visit, afternoon);
  const dialog = state.dialogs.get(dialogId);
  if (before === undefined || dialog === undefined) throw new Error('There is no dialog.');
  const [change] = changes;
  return { before, dialog, revision, changed: change !== undefined, visits: change?.visits ?? [], change };
}

describe('a visit', () => {
  it('is logged with the visitor’s name, and the content counts as seen', () => {
    const { before, dialog, visits, revision, change } = visited([created]);
    const id = seenLogId(before, visitor.actorId);
    expect(visits).toEqual([{ dialogId, id, seenAt: at('13:00'), seenBy: visitor, isViaServiceOwner: true }]);
    expect(dialog).toEqual({ ...before, contentSeen: true });
    expect(revision).toBe(before.endUserContextRevision);
    expect(change?.events.map(({ type, audiences }) => [type, audiences])).toEqual([
      ['DialogUpdated', ['owner', 'party']],
      ['DialogSeen', ['owner', 'party']],
    ]);
    expect(change?.events[1]?.id).toBe(id);
  });

  it('that the same person makes again leaves nothing behind', () => {
    expect(visited([created, recordVisit()])).toMatchObject({ changed: false });
  });

  it('of somebody else is logged, though the content has been seen', () => {
    const { visits, change, before } = visited([created, recordVisit({ seenBy: ola })]);
    expect(before.contentSeen).toBe(true);
    expect(visits.map(({ seenBy }) => seenBy)).toEqual([visitor]);
    expect(change?.events.map(({ type }) => type)).toEqual(['DialogUpdated', 'DialogSeen']);
  });

  it('is logged again after each update, of content or not', () => {
    const activity = visited([created, recordVisit(), createActivity()]);
    expect(activity.visits).toHaveLength(1);
    expect(activity.before.contentSeen).toBe(true);
    const transmission = visited(
      [created, recordVisit(), createTransmission()],
      recordVisit({ contentUpdatedAt: at('12:02') }),
    );
    expect(transmission.visits).toHaveLength(1);
    expect([transmission.before.contentSeen, transmission.dialog.contentSeen]).toEqual([false, true]);
    const silent = patchDialog([{ op: 'replace', path: '/status', value: 'Completed' }], { silent: true });
    expect(visited([created, recordVisit(), silent])).toMatchObject({ changed: false });
  });

  it('takes MarkedAsUnopened away, which the label log says the visitor did', () => {
    const { before, dialog, revision, change } = visited([created, markedAsUnopened]);
    expect([before.systemLabels, dialog.systemLabels]).toEqual([['Default', 'MarkedAsUnopened'], ['Default']]);
    expect(dialog.endUserContextRevision).not.toBe(before.endUserContextRevision);
    expect(revision).toBe(dialog.endUserContextRevision);
    expect(dialog.revision).toBe(before.revision);
    expect(change?.labelAssignments).toMatchObject([
      { name: 'systemlabel:MarkedAsUnopened', action: 'remove', performedBy: visitor },
    ]);
  });

  it('is logged once for a state of the dialog, however often that is marked as unopened', () => {
    const once = visited([created, recordVisit(), markedAsUnopened]);
    expect(once.visits).toHaveLength(1);
    const twice = visited([created, recordVisit(), markedAsUnopened, recordVisit(), markedAsUnopened]);
    expect(twice.visits).toEqual([]);
    expect(twice.dialog.systemLabels).toEqual(['Default']);
    expect(twice.change?.events).toEqual([]);
  });

  it('to a dialog whose time of update is still to come is logged just after it, and once', () => {
    const ahead = createDialog({ createdAt: now, updatedAt: at('14:00') });
    const visit = recordVisit({ contentUpdatedAt: at('14:00') });
    expect(visited([ahead], visit).visits).toMatchObject([{ seenAt: '2026-03-01T14:00:00.0000010Z' }]);
    expect(visited([ahead, visit], visit)).toMatchObject({ changed: false });
    // New content, and still the same time of update: the same state again.
    expect(visited([ahead, visit, markedAsUnopened, visit, createTransmission()], visit)).toMatchObject({
      dialog: { contentSeen: true },
      visits: [],
      change: { events: [{ type: 'DialogUpdated' }] },
    });
  });

  it('to content that has been updated meanwhile does not count as having seen it', () => {
    const { dialog, visits } = visited([created, createTransmission()]);
    expect(dialog.contentSeen).toBe(false);
    expect(visits).toHaveLength(1);
  });

  it('is logged of frozen and deleted dialogs, too', () => {
    expect(visited([created, freezeDialog(asAdmin)]).visits).toHaveLength(1);
    const { change } = visited([created, deleteDialog()]);
    expect(change?.events.map(({ audiences }) => audiences)).toEqual([['owner'], ['owner']]);
  });

  it('is none to a dialog of another org, unless by an administrator, or to one that is gone', () => {
    const asNav = { org: 'nav' };
    given(created).when(recordVisit(asNav)).thenRejectedFor(404, 'DialogEntity');
    expect(visited([created], recordVisit({ ...asNav, ...asAdmin })).visits).toHaveLength(1);
    given(created, purgeDialog()).when(recordVisit()).thenRejectedFor(404, 'DialogEntity');
  });

  it('to a dialog that was purged and made anew is a first one', () => {
    expect(visited([created, recordVisit(), purgeDialog(), createDialog()]).visits).toHaveLength(1);
  });
});

describe('any history of visits and changes', () => {
  const commands = {
    kari: () => recordVisit(),
    ola: () => recordVisit({ seenBy: ola }),
    late: () => recordVisit({ contentUpdatedAt: at('11:00') }),
    mark: () => setSystemLabels({ addLabels: ['MarkedAsUnopened'] }),
    activity: () => createActivity(),
    transmission: () => createTransmission(),
    silent: () => createTransmission({}, { silent: true }),
  };
  const names = fc.constantFrom<keyof typeof commands>(
    'kari',
    'ola',
    'late',
    'mark',
    'activity',
    'transmission',
    'silent',
  );

  it('has one entry for a visitor and a state at most, and leaves what was shown seen and nothing else changed', () => {
    fc.assert(
      fc.property(fc.array(names, { maxLength: 40 }), fc.boolean(), (history, isAhead) => {
        const updatedAt = isAhead ? at('12:30') : at('12:00');
        const state = stateAfter([createDialog({ createdAt: now, updatedAt })], contextAt());
        const ids: string[] = [];
        for (const [minute, name] of history.entries()) {
          const before = state.dialogs.get(dialogId);
          if (before === undefined) throw new Error('There is no dialog.');
          const command = commands[name]();
          if (command.kind === 'RecordVisit' && name !== 'late') command.contentUpdatedAt = before.contentUpdatedAt;
          const { changes } = apply(state, command, contextAt(at(`12:${String(minute + 1).padStart(2, '0')}`)));
          if (command.kind !== 'RecordVisit') continue;
          ids.push(...changes.flatMap(({ visits }) => visits.map(({ id }) => id)));
          const { endUserContextRevision } = state.dialogs.get(dialogId) ?? before;
          expect(state.dialogs.get(dialogId)).toEqual({
            ...{ ...before, endUserContextRevision, systemLabels: ['Default'] },
            contentSeen: before.contentSeen || name !== 'late',
          });
        }
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });
});

describe('the id of an entry', () => {
  const state = { id: dialogId, updatedAt: now, contentSeen: false };
  const differences: [string, Partial<Pick<Dialog, 'id' | 'updatedAt' | 'contentSeen'>>, string][] = [
    ['dialog', { id: '019c0000-0000-7000-8000-000000000002' }, visitor.actorId],
    ['time of update', { updatedAt: at('12:01') }, visitor.actorId],
    ['having been seen', { contentSeen: true }, visitor.actorId],
    ['visitor', {}, ola.actorId],
  ];
  it.each(differences)('differs by %s', (_, changed, actorId) => {
    const id = seenLogId({ ...state, ...changed }, actorId);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(id).not.toBe(seenLogId(state, visitor.actorId));
    expect(seenLogId({ ...state, ...changed }, actorId)).toBe(id);
  });
});
