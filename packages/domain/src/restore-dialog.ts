import type { CommandOf } from '@dialog/contracts/commands';
import type { DialogState } from './dialog-state.ts';
import { dialogEvents } from './events.ts';
import { findOwn, notFound, revised, revisionMismatch } from './open-for-change.ts';
import { applied, type Context, changeOf, type Outcome } from './outcome.ts';

/** Decides that a deleted dialog comes back, frozen or not. One that was not deleted stays as it is (section 22). */
export function restoreDialog(state: DialogState, command: CommandOf<'RestoreDialog'>, context: Context): Outcome {
  const dialog = findOwn(state, command);
  if (dialog === undefined) return notFound(command.dialogId);
  const mismatch = revisionMismatch(dialog, command);
  if (mismatch !== undefined) return mismatch;
  if (dialog.deletedAt === null) return applied(dialog.revision);

  const restored = { ...revised(dialog, context), deletedAt: null };
  const events = command.silent ? [] : dialogEvents('DialogRestored', restored, context);
  return applied(restored.revision, changeOf('updated', restored, { events }));
}
