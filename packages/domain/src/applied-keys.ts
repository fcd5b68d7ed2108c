import type { Command } from '@dialog/contracts/commands';
import { childKey, type DialogState, orgKey } from './dialog-state.ts';
import type { Outcome } from './outcome.ts';

/** An idempotent key that an org gave to a change of a dialog. */
export type NamedKey = { org: string; dialogId: string; idempotentKey: string };

/** The change that was applied under a key, and how it ended. */
export type AppliedKey = NamedKey & { operationId: string; revision: string; createdId: string | null };

/**
 * The key by which a command is told apart from one that was applied before; undefined when it may be applied any number
 * of times. That of a create is the dialog's own, which is looked for among the dialogs.
 */
export function namedKeyOf(command: Command): NamedKey | undefined {
  const { kind, org, dialogId, idempotentKey } = command;
  return kind === 'CreateDialog' || idempotentKey === undefined ? undefined : { org, dialogId, idempotentKey };
}

export function appliedKeyOf({ org, dialogId, idempotentKey }: NamedKey): string {
  return childKey(dialogId, orgKey(org, idempotentKey));
}

/** Keeps the key of a command that has just been applied. A command that was rejected may be tried again under its key. */
export function recordKey(state: DialogState, command: Command, outcome: Outcome): void {
  const named = namedKeyOf(command);
  if (named === undefined || outcome.kind === 'rejected' || outcome.repeated !== undefined) return;
  const { revision } = outcome;
  state.appliedKeys.set(appliedKeyOf(named), {
    ...named,
    ...{ operationId: command.id, revision, createdId: createdBy(command) },
  });
}

function createdBy(command: Command): string | null {
  if (command.kind === 'CreateTransmission') return command.transmissionId;
  return command.kind === 'CreateActivity' ? command.activityId : null;
}
