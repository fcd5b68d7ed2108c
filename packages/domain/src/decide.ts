import type { Command } from '@dialog/contracts/commands';
import { createActivity } from './create-activity.ts';
import { createDialog } from './create-dialog.ts';
import { createTransmission } from './create-transmission.ts';
import type { DialogState } from './dialog-state.ts';
import type { Context, Outcome } from './outcome.ts';
import { patchDialog } from './patch-dialog.ts';
import { updateDialog } from './update-dialog.ts';

/**
 * Decides one command on the state as it is now. Pure: it changes nothing, and what it needs of clock and chance comes
 * in the context. The caller folds an applied change into the state with `record` before it decides the next.
 */
export function decide(state: DialogState, command: Command, context: Context): Outcome {
  switch (command.kind) {
    case 'CreateDialog':
      return createDialog(state, command, context);
    case 'UpdateDialog':
      return updateDialog(state, command, context);
    case 'PatchDialog':
      return patchDialog(state, command, context);
    case 'CreateTransmission':
      return createTransmission(state, command, context);
    case 'CreateActivity':
      return createActivity(state, command, context);
  }
}
