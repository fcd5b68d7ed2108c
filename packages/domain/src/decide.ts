import type { Actor } from '@dialog/contracts/actor';
import type { Command } from '@dialog/contracts/commands';
import { appliedKeyOf, namedKeyOf } from './applied-keys.ts';
import { applyVisibility } from './apply-visibility.ts';
import { createActivity } from './create-activity.ts';
import { createDialog } from './create-dialog.ts';
import { createTransmission } from './create-transmission.ts';
import { deleteDialog } from './delete-dialog.ts';
import type { DialogState } from './dialog-state.ts';
import { freezeDialog } from './freeze-dialog.ts';
import { moveFormSavedActivity } from './move-form-saved-activity.ts';
import { type Context, type Outcome, repeated } from './outcome.ts';
import { patchDialog } from './patch-dialog.ts';
import { purgeDialog } from './purge-dialog.ts';
import { recordVisit } from './record-visit.ts';
import { restoreDialog } from './restore-dialog.ts';
import { addServiceOwnerLabel, removeServiceOwnerLabel } from './service-owner-labels.ts';
import { bulkSetSystemLabels, performer, setSystemLabels } from './set-system-labels.ts';
import { labelAssignments } from './system-labels.ts';
import { updateDialog } from './update-dialog.ts';
import { updateTransmission } from './update-transmission.ts';
import { withVisibility } from './visibility.ts';

/**
 * Decides one command on the state as it is now. Pure: it changes nothing, and what it needs of clock and chance comes
 * in the context. The caller folds applied changes into the state with `record` before it decides the next.
 */
export function decide(state: DialogState, command: Command, context: Context): Outcome {
  const outcome = earlierOutcome(state, command) ?? decideKind(state, command, context);
  if (outcome.kind === 'rejected') return outcome;
  const performedBy = labeller(command);
  const changes = outcome.changes.map((change) => {
    const before = state.dialogs.get(change.dialog.id);
    const labelled = { ...change, labelAssignments: labelAssignments(before, change.dialog, performedBy, context) };
    return withVisibility(before, labelled, context);
  });
  return { ...outcome, changes };
}

/** How the command ended when it was applied before, under the same key. */
function earlierOutcome(state: DialogState, command: Command): Outcome | undefined {
  const named = namedKeyOf(command);
  const applied = named === undefined ? undefined : state.appliedKeys.get(appliedKeyOf(named));
  if (applied === undefined) return undefined;
  const { dialogId, revision, createdId } = applied;
  return repeated(revision, { dialogId, createdId });
}

function decideKind(state: DialogState, command: Command, context: Context): Outcome {
  switch (command.kind) {
    case 'CreateDialog':
      return createDialog(state, command, context);
    case 'UpdateDialog':
      return updateDialog(state, command, context);
    case 'PatchDialog':
      return patchDialog(state, command, context);
    case 'CreateTransmission':
      return createTransmission(state, command, context);
    case 'UpdateTransmission':
      return updateTransmission(state, command, context);
    case 'CreateActivity':
      return createActivity(state, command, context);
    case 'MoveFormSavedActivity':
      return moveFormSavedActivity(state, command, context);
    case 'DeleteDialog':
      return deleteDialog(state, command, context);
    case 'RestoreDialog':
      return restoreDialog(state, command, context);
    case 'PurgeDialog':
      return purgeDialog(state, command, context);
    case 'FreezeDialog':
      return freezeDialog(state, command, context);
    case 'AddServiceOwnerLabel':
      return addServiceOwnerLabel(state, command, context);
    case 'RemoveServiceOwnerLabel':
      return removeServiceOwnerLabel(state, command, context);
    case 'RecordVisit':
      return recordVisit(state, command, context);
    case 'SetSystemLabels':
      return setSystemLabels(state, command, context);
    case 'BulkSetSystemLabels':
      return bulkSetSystemLabels(state, command, context);
    case 'ApplyVisibility':
      return applyVisibility(state, command, context);
  }
}

/** Whom the label log names: the end user who asked for it, or the service owner whose change brought it about. */
function labeller(command: Command): Actor {
  if (command.kind === 'SetSystemLabels' || command.kind === 'BulkSetSystemLabels') return performer(command);
  if (command.kind === 'RecordVisit') return command.seenBy;
  return { actorType: 'ServiceOwner', actorId: null, actorName: null };
}
