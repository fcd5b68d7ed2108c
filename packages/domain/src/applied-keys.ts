import type { Command } from '@dialog/contracts/commands';

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

/** What a dialog's keys are kept by; begins as everything inside a dialog does. */
export function appliedKeyOf({ org, dialogId, idempotentKey }: NamedKey): string {
  return `${dialogId}/${org}/${idempotentKey}`;
}

/** The transmission or activity that a command makes. */
export function createdBy(command: Command): string | null {
  if (command.kind === 'CreateTransmission') return command.transmissionId;
  return command.kind === 'CreateActivity' ? command.activityId : null;
}
