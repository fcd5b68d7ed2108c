import type { CommandOf } from '@dialog/contracts/commands';
import { serviceOwnerLabelsMax } from '@dialog/contracts/search-tag';
import type { Dialog } from './dialog.ts';
import type { DialogState } from './dialog-state.ts';
import { notFound } from './open-for-change.ts';
import { applied, type Context, changeOf, type Outcome, rejected } from './outcome.ts';

/**
 * Decides whether a service owner's label goes on a dialog (section 28). Labels arrive trimmed and in lower case, which
 * is how they are kept and compared. Nothing of the dialog itself changes, and nobody is told.
 */
export function addServiceOwnerLabel(
  state: DialogState,
  command: CommandOf<'AddServiceOwnerLabel'>,
  context: Context,
): Outcome {
  const { label } = command;
  const dialog = findOwnLabelled(state, command);
  if (dialog === undefined) return notFound(command.dialogId);
  if (dialog.serviceOwnerLabels.includes(label)) {
    return rejected(400, { 'dto.value': [`The dialog has the label '${label}' already.`] });
  }
  if (dialog.serviceOwnerLabels.length >= serviceOwnerLabelsMax) {
    return rejected(400, { 'dto.value': [`A dialog has at most ${serviceOwnerLabelsMax} labels.`] });
  }
  return relabel(dialog, command, [...dialog.serviceOwnerLabels, label], context);
}

/** Decides whether a service owner's label comes off a dialog. */
export function removeServiceOwnerLabel(
  state: DialogState,
  command: CommandOf<'RemoveServiceOwnerLabel'>,
  context: Context,
): Outcome {
  const { label } = command;
  const dialog = findOwnLabelled(state, command);
  if (dialog === undefined) return notFound(command.dialogId);
  if (!dialog.serviceOwnerLabels.includes(label)) {
    return rejected(404, { Label: [`No label was found with id (${label})`] });
  }
  return relabel(
    dialog,
    command,
    dialog.serviceOwnerLabels.filter((kept) => kept !== label),
    context,
  );
}

type Labelling = CommandOf<'AddServiceOwnerLabel'> | CommandOf<'RemoveServiceOwnerLabel'>;

/** A deleted dialog is not there, and another org's is nobody else's to label, administrators included. */
function findOwnLabelled(state: DialogState, { dialogId, org }: Labelling): Dialog | undefined {
  const dialog = state.dialogs.get(dialogId);
  return dialog !== undefined && dialog.org === org && dialog.deletedAt === null ? dialog : undefined;
}

function relabel(dialog: Dialog, { ifMatch }: Labelling, labels: readonly string[], context: Context): Outcome {
  if (ifMatch !== null && ifMatch !== dialog.serviceOwnerContextRevision) return rejected(412);
  const revision = context.newRevision();
  const labelled: Dialog = {
    ...dialog,
    // In the order in which a create stores them.
    serviceOwnerLabels: [...labels].sort(),
    serviceOwnerContextRevision: revision,
  };
  return applied(revision, changeOf('updated', labelled));
}
