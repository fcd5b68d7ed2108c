import type { Command } from '@dialog/contracts/commands';
import type { Rejection } from '@dialog/contracts/problem';
import { expect } from 'vitest';
import { decide } from '../decide.ts';
import type { Dialog } from '../dialog.ts';
import { type DialogState, emptyState, record, recordKey } from '../dialog-state.ts';
import type { Change, Context, Outcome } from '../outcome.ts';
import { contextAt, dialogId } from './examples.ts';

/** The state that some commands leave, each of which has to be applied. */
export function stateAfter(commands: readonly Command[], context: Context): DialogState {
  const state = emptyState();
  for (const command of commands) apply(state, command, context);
  return state;
}

/** Decides a command and folds what it changes into the state. @throws when it is rejected */
export function apply(state: DialogState, command: Command, context: Context): Outcome & { kind: 'applied' } {
  const outcome = decide(state, command, context);
  if (outcome.kind === 'rejected') throw new Error(`Rejected: ${JSON.stringify(outcome.rejection)}`);
  for (const change of outcome.changes) record(state, change);
  recordKey(state, command, outcome);
  return outcome;
}

/** `given(commands that were applied).when(command, context).then…`: one rule in one line. */
export function given(...history: readonly Command[]) {
  const state = stateAfter(history, contextAt());
  return {
    state,
    dialog: (): Dialog => dialogOf(state),
    when: (command: Command, context: Context = contextAt()) => {
      const before = structuredClone(state);
      const outcome = decide(state, command, context);
      // decide is pure: whatever it answers, the state is as it was.
      expect(state).toEqual(before);
      return {
        outcome,
        thenRejected: (rejection: Rejection) => {
          expect(outcome).toMatchObject({ kind: 'rejected', rejection });
        },
        thenRejectedFor: (status: Rejection['status'], ...keys: string[]) => {
          if (outcome.kind !== 'rejected') throw new Error('The command was applied.');
          expect(outcome.rejection.status).toBe(status);
          expect(Object.keys(outcome.rejection.errors ?? {}).sort()).toEqual([...keys].sort());
        },
        thenChanged: (): Change => {
          if (outcome.kind === 'rejected') throw new Error(`Rejected: ${JSON.stringify(outcome.rejection)}`);
          const [change] = outcome.changes;
          if (change === undefined) throw new Error('Nothing changed.');
          return change;
        },
        thenUnchanged: () => {
          expect(outcome).toEqual({ kind: 'applied', revision: dialogOf(state).revision, changes: [] });
        },
      };
    },
  };
}

function dialogOf(state: DialogState): Dialog {
  const dialog = state.dialogs.get(dialogId);
  if (dialog === undefined) throw new Error('There is no dialog.');
  return dialog;
}
