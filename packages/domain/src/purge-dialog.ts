import type { CommandOf } from '@dialog/contracts/commands';
import type { DialogState } from './dialog-state.ts';
import { dialogEvents } from './events.ts';
import { findOwn, notFound, reservedForCorrespondence, revisionMismatch } from './open-for-change.ts';
import { applied, type Context, changeOf, type Outcome } from './outcome.ts';

/**
 * Decides that a dialog goes for good, deleted and frozen ones too (section 21). Whoever was told of its deletion is not
 * told again.
 */
export function purgeDialog(state: DialogState, command: CommandOf<'PurgeDialog'>, context: Context): Outcome {
  const dialog = findOwn(state, command);
  if (dialog === undefined) return notFound(command.dialogId);
  const refused = reservedForCorrespondence(dialog, command) ?? revisionMismatch(dialog, command);
  if (refused !== undefined) return refused;

  const known = command.silent || dialog.deletedAt !== null;
  const events = known ? [] : dialogEvents('DialogDeleted', dialog, context);
  return applied(dialog.revision, changeOf('purged', dialog, { events }));
}
