import type { CommandOf } from '@dialog/contracts/commands';
import { isVisible } from './dialog.ts';
import type { DialogState } from './dialog-state.ts';
import { findOwn, notFound } from './open-for-change.ts';
import { applied, type Context, changeOf, type Outcome } from './outcome.ts';

/**
 * Decides what is told to the party because time has passed (architecture, section 5): all that was withheld of a dialog
 * that it can see from now on, or that the dialog has expired. It is told once: afterwards the dialog is due for
 * something else, or for nothing, and a command that comes again finds nothing to do. The same goes for one that comes
 * too early, or for a date that has been moved.
 *
 * Nobody has changed the dialog: its revision and its timestamps stay.
 */
export function applyVisibility(state: DialogState, command: CommandOf<'ApplyVisibility'>, context: Context): Outcome {
  const dialog = findOwn(state, command);
  if (dialog === undefined) return notFound(command.dialogId);
  const { revision, visibilityDueAt, withheldEventsCount } = dialog;
  if (visibilityDueAt === null || visibilityDueAt > context.now) return applied(revision);

  // That it has expired is told with any change: see withVisibility.
  if (withheldEventsCount === null || !isVisible(dialog, context.now)) {
    return applied(revision, changeOf('updated', dialog));
  }
  const events = state.withheld.get(dialog.id) ?? [];
  return applied(revision, changeOf('updated', { ...dialog, withheldEventsCount: null }, { events }));
}
