import type { CommandOf } from '@dialog/contracts/commands';
import type { DialogState } from './dialog-state.ts';
import { dialogEvents } from './events.ts';
import { modified } from './modified.ts';
import { closedForChange, findOwn, notFound, revisionMismatch } from './open-for-change.ts';
import { applied, type Context, changeOf, type Outcome, rejected } from './outcome.ts';

/** Decides that only administrators may change a dialog from now on; only they can (section 23). Never silent. */
export function freezeDialog(state: DialogState, command: CommandOf<'FreezeDialog'>, context: Context): Outcome {
  if (!command.rights.admin) return rejected(403, { Forbidden: ['Only an administrator can freeze a dialog.'] });
  const dialog = findOwn(state, command);
  if (dialog === undefined) return notFound(command.dialogId);
  const refused = closedForChange(dialog, command) ?? revisionMismatch(dialog, command);
  if (refused !== undefined) return refused;
  if (dialog.frozen) return applied(dialog.revision);

  const frozen = { ...modified(dialog, { content: false, silent: false }, context), frozen: true };
  return applied(
    frozen.revision,
    changeOf('updated', frozen, { events: dialogEvents('DialogUpdated', frozen, context) }),
  );
}
