import type { Command } from '@dialog/contracts/commands';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { type Dialog, hasUnopenedContent, isFromParty, somethingIsUnopened } from './dialog.ts';
import { childKey, type DialogState, record } from './dialog-state.ts';
import type { Change, Context } from './outcome.ts';
import { at, contextAt, dialogId } from './testing/examples.ts';
import { stateAfter } from './testing/given.ts';
import { history, richDialog } from './testing/histories.ts';

type Decision = { command: Command; context: Context; before: DialogState; state: DialogState } & (
  | { applied: true; revision: string; change: Change | undefined }
  | { applied: false; revision: undefined; change: undefined }
);

/** Decides a history, an example minute apart, and hands out what each command did. */
function* decisions(
  commands: readonly Command[],
  visibleFrom: ReturnType<typeof at> | null = null,
): Generator<Decision, void> {
  const state = stateAfter([richDialog({ visibleFrom })], contextAt(at('11:00')));
  let made = 0;
  for (const [index, command] of commands.entries()) {
    const now = at(`12:${String(index).padStart(2, '0')}`);
    const context = { now, newId: () => `id ${made++}`, newRevision: () => `revision ${made++}` };
    const before = structuredClone(state);
    const outcome = decide(state, command, context);
    // decide itself changes nothing, and what it rejects is never recorded.
    expect(state).toEqual(before);
    if (outcome.kind === 'rejected') {
      yield { command, context, before, state, applied: false, revision: undefined, change: undefined };
      continue;
    }
    for (const change of outcome.changes) record(state, change);
    const [change] = outcome.changes;
    yield { command, context, before, state, applied: true, revision: outcome.revision, change };
  }
}

/** Checks something about every decision of every history. */
function always(check: (decision: Decision) => void, visibleFrom: ReturnType<typeof at> | null = null): void {
  fc.assert(
    fc.property(history, (commands) => {
      for (const decision of decisions(commands, visibleFrom)) check(decision);
    }),
  );
}

const dialogIn = (state: DialogState): Dialog | undefined => state.dialogs.get(dialogId);

describe('any history of commands', () => {
  it.each([null, at('12:10')])(
    'keeps contentUpdatedAt at or before updatedAt, and neither goes back, visible from %s',
    (visibleFrom) =>
      always(({ before, state }) => {
        const dialog = dialogIn(state);
        if (dialog === undefined) return;
        expect(dialog.contentUpdatedAt <= dialog.updatedAt).toBe(true);
        const earlier = dialogIn(before);
        if (earlier === undefined) return;
        expect(dialog.updatedAt >= earlier.updatedAt).toBe(true);
        expect(dialog.contentUpdatedAt >= earlier.contentUpdatedAt).toBe(true);
      }, visibleFrom),
  );

  it('gives a new revision for every change of the dialog, and answers with that of the part that it changes', () =>
    fc.assert(
      fc.property(history, (commands) => {
        const seen = new Set<string>();
        for (const { applied, command, revision, change, before, state } of decisions(commands)) {
          const dialog = dialogIn(state);
          if (!applied || dialog === undefined) continue;
          expect(revision).toBe(dialog[revisionOf(command)]);
          const earlier = dialogIn(before);
          if (dialog.revision !== earlier?.revision) {
            expect(isContextual(command)).toBe(false);
            expect(seen.has(dialog.revision)).toBe(false);
            seen.add(dialog.revision);
          } else if (change !== undefined) {
            // What keeps the revision changes only what has a revision of its own, and whether it has been seen.
            const { systemLabels, endUserContextRevision, serviceOwnerLabels, serviceOwnerContextRevision } = dialog;
            const { contentSeen } = dialog;
            expect(dialog).toEqual({
              ...{ ...earlier, systemLabels, endUserContextRevision },
              ...{ serviceOwnerLabels, serviceOwnerContextRevision, contentSeen },
            });
            expect(change.transmissions.length + change.activities.length).toBe(0);
            if (command.kind !== 'RecordVisit') expect(change.events).toEqual([]);
          }
        }
      }),
    ));

  it('moves no timestamp of a visible dialog and gives no event for silent changes', () =>
    always(({ command, before, state, change }) => {
      // The move of an activity moves updatedAt with it.
      if (!command.silent || neverSilent.includes(command.kind)) return;
      expect(change?.events ?? []).toEqual([]);
      const [earlier, dialog] = [dialogIn(before), dialogIn(state)];
      if (earlier === undefined || dialog === undefined) return;
      expect(dialog.contentUpdatedAt).toBe(earlier.contentUpdatedAt);
      if (command.kind !== 'MoveFormSavedActivity') expect(dialog.updatedAt).toBe(earlier.updatedAt);
      if (command.kind === 'SetSystemLabels') return;
      expect(dialog.systemLabels).toEqual(expect.arrayContaining(earlier.systemLabels));
    }));

  it('counts exactly the transmissions that were added, and those that are unopened or without content', () =>
    fc.assert(
      fc.property(history, (commands) => {
        let added = 3;
        for (const { state, change } of decisions(commands)) {
          added = change?.kind === 'purged' ? 0 : added + (change?.transmissions.length ?? 0);
          const dialog = dialogIn(state);
          const counted =
            (dialog?.fromPartyTransmissionsCount ?? 0) + (dialog?.fromServiceOwnerTransmissionsCount ?? 0);
          expect(counted).toBe(added);
          const unopened = [...state.transmissions.values()].filter((one) => !isFromParty(one) && !one.opened);
          expect(dialog?.unopenedTransmissionsCount ?? 0).toBe(unopened.length);
          const contentless = [...state.wholeTransmissions.values()].filter((one) => one.content === null);
          expect(dialog?.contentlessTransmissionsCount ?? 0).toBe(contentless.length);
        }
      }),
    ));

  it('tells of unopened content what the last command that may change it made of it', () =>
    fc.assert(
      fc.property(history, (commands) => {
        let told = true;
        for (const { command, change, before, state } of decisions(commands)) {
          const dialog = dialogIn(state);
          // An update without a difference changes labels at most.
          if (dialog === undefined || change === undefined || dialog.revision === dialogIn(before)?.revision) continue;
          const { kind } = command;
          if (kind === 'CreateDialog' || kind === 'UpdateDialog' || kind === 'PatchDialog') {
            told = somethingIsUnopened(dialog);
          }
          if (command.kind === 'CreateTransmission' && !isFromParty(command.payload)) told = true;
          if (command.kind === 'CreateActivity' && command.payload.type === 'TransmissionOpened') {
            told &&= somethingIsUnopened(dialog);
          }
          expect(hasUnopenedContent(dialog)).toBe(told);
        }
      }),
    ));

  it('keeps depths and numbers of replies right, in a hierarchy without cycles', () =>
    always(({ state }) => {
      const all = [...state.transmissions.values()];
      for (const { id, depth, repliesCount, relatedTransmissionId } of all) {
        const parent =
          relatedTransmissionId === null
            ? undefined
            : state.transmissions.get(childKey(dialogId, relatedTransmissionId));
        expect(parent === undefined).toBe(relatedTransmissionId === null);
        expect(depth).toBe((parent?.depth ?? 0) + 1);
        expect(repliesCount).toBe(all.filter((other) => other.relatedTransmissionId === id).length);
      }
    }));

  it('lets the party hear of what it can see, and of nothing else', () =>
    always(({ command, context, before, state, change }) => {
      const heard = new Set((change?.events ?? []).flatMap((event) => event.audiences));
      if (heard.size === 0) return;
      // The owner has heard of it before.
      expect(heard.has('owner')).toBe(command.kind !== 'ApplyVisibility');
      // Of an end the party hears if it could see the dialog until then.
      const ends = command.kind === 'DeleteDialog' || command.kind === 'PurgeDialog';
      const seen = dialogIn(ends ? before : state);
      const isTold = seen?.withheldEventsCount === null && seen.deletedAt === null;
      expect(heard.has('party')).toBe(isTold);
      if (isTold) expect(seen.visibleFrom === null || seen.visibleFrom <= context.now).toBe(true);
    }, at('12:10')));

  it('takes each chosen id once, until it is given back', () =>
    fc.assert(
      fc.property(history, (commands) => {
        let taken: Set<string> | undefined;
        for (const { change, before, state } of decisions(commands)) {
          taken ??= new Set(before.takenIds.keys());
          if (change?.kind === 'purged') taken.clear();
          else {
            for (const id of change?.releasedIds ?? []) taken.delete(id);
            for (const id of change?.chosenIds ?? []) {
              expect(taken.has(id)).toBe(false);
              taken.add(id);
            }
          }
          expect(new Set(state.takenIds.keys())).toEqual(taken);
        }
      }),
    ));

  it('knows which transmission has which key', () =>
    always(({ state }) => {
      const held = [...state.wholeTransmissions.values()].flatMap(({ id, idempotentKey }) =>
        idempotentKey === null ? [] : [[childKey(dialogId, idempotentKey), id] as const],
      );
      expect(new Map(held).size).toBe(held.length);
      expect(state.transmissionKeys).toEqual(new Map(held));
    }));

  it('leaves nothing of a dialog that is purged', () =>
    always(({ change, state }) => {
      if (change?.kind === 'purged') for (const part of Object.values(state)) expect(part.size).toBe(0);
    }));
});

const neverSilent: readonly Command['kind'][] = ['FreezeDialog', 'RecordVisit', 'ApplyVisibility'];

/** Labels and visits belong to a context of the dialog. */
function isContextual(command: Command): boolean {
  return revisionOf(command) !== 'revision';
}

function revisionOf({ kind }: Command): 'revision' | 'endUserContextRevision' | 'serviceOwnerContextRevision' {
  if (kind === 'SetSystemLabels' || kind === 'RecordVisit') return 'endUserContextRevision';
  return kind === 'AddServiceOwnerLabel' || kind === 'RemoveServiceOwnerLabel'
    ? 'serviceOwnerContextRevision'
    : 'revision';
}
