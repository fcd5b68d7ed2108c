import type { CommandOf } from '@dialog/contracts/commands';
import type { Dialog } from './dialog.ts';
import type { DialogState } from './dialog-state.ts';
import { notFound } from './open-for-change.ts';
import { applied, type Context, changeOf, type Outcome, rejected } from './outcome.ts';
import { relabelled } from './system-labels.ts';

type Labelling = CommandOf<'SetSystemLabels'> | CommandOf<'BulkSetSystemLabels'>;

/**
 * Decides what an end user's labels on a dialog become (section 29). Nothing of the dialog itself changes. That the end
 * user may see the dialog has been settled by the gateway.
 */
export function setSystemLabels(state: DialogState, command: CommandOf<'SetSystemLabels'>, context: Context): Outcome {
  const dialog = findLabellable(state, command, command.dialogId);
  if (dialog === undefined) return notFound(command.dialogId);
  const { ifMatch } = command;
  if (ifMatch !== null && ifMatch !== dialog.endUserContextRevision) return rejected(412);
  const labelled = relabelled(dialog, command, context);
  const revision = labelled.endUserContextRevision;
  return labelled === dialog ? applied(revision) : applied(revision, changeOf('updated', labelled));
}

/** Decides the same for many dialogs, all or none (section 30). */
export function bulkSetSystemLabels(
  state: DialogState,
  command: CommandOf<'BulkSetSystemLabels'>,
  context: Context,
): Outcome {
  const missing: string[] = [];
  const found: { dialog: Dialog; expected: string | null }[] = [];
  for (const { dialogId, endUserContextRevision } of command.dialogs) {
    const dialog = findLabellable(state, command, dialogId);
    if (dialog === undefined) missing.push(dialogId);
    else found.push({ dialog, expected: endUserContextRevision });
  }
  if (missing.length > 0) return notFound(...missing);
  if (found.some(({ dialog, expected }) => expected !== null && expected !== dialog.endUserContextRevision)) {
    return rejected(412);
  }
  const changes = found.flatMap(({ dialog }) => {
    const labelled = relabelled(dialog, command, context);
    return labelled === dialog ? [] : [changeOf('updated', labelled)];
  });
  const first = changes[0]?.dialog ?? found[0]?.dialog;
  if (first === undefined) throw new Error(`Command ${command.id} names no dialog.`);
  return applied(first.endUserContextRevision, ...changes);
}

/** To labels, a deleted dialog is not there. */
function findLabellable(state: DialogState, { org, rights }: Labelling, dialogId: string): Dialog | undefined {
  const dialog = state.dialogs.get(dialogId);
  if (dialog === undefined || dialog.deletedAt !== null) return undefined;
  return dialog.org === org || rights.admin ? dialog : undefined;
}
