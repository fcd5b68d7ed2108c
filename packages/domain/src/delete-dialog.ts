import type { CommandOf } from '@dialog/contracts/commands';
import type { DialogState } from './dialog-state.ts';
import { dialogEvents } from './events.ts';
import {
  closedForChange,
  findOwn,
  notFound,
  reservedForCorrespondence,
  revised,
  revisionMismatch,
} from './open-for-change.ts';
import { applied, type Context, changeOf, type Outcome } from './outcome.ts';

/** Decides a soft delete: the dialog stays readable to its owner and can be restored (section 20). */
export function deleteDialog(state: DialogState, command: CommandOf<'DeleteDialog'>, context: Context): Outcome {
  const dialog = findOwn(state, command);
  if (dialog === undefined) return notFound(command.dialogId);
  const refused =
    closedForChange(dialog, command) ?? reservedForCorrespondence(dialog, command) ?? revisionMismatch(dialog, command);
  if (refused !== undefined) return refused;

  const events = command.silent ? [] : dialogEvents('DialogDeleted', dialog, context);
  const deleted = { ...revised(dialog, context), deletedAt: context.now };
  return applied(deleted.revision, changeOf('updated', deleted, { events }));
}
