import type { CommandOf } from '@dialog/contracts/commands';
import { listed } from '@dialog/contracts/listed';
import { validateUpdateDialog } from '@dialog/contracts/validate';
import type { Dialog } from './dialog.ts';
import type { DialogState } from './dialog-state.ts';
import { findOwn, notFound } from './open-for-change.ts';
import { type Context, type Outcome, rejected } from './outcome.ts';
import { applyPatch } from './patch-document.ts';
import { unwrittenNames } from './unwritten-names.ts';
import { applyUpdate } from './update-dialog.ts';

/**
 * Decides a PATCH: the operations are applied to the dialog as it is now, and the result is treated as a PUT body
 * (service owner API, section 19). Nothing is applied when one operation fails.
 */
export function patchDialog(state: DialogState, command: CommandOf<'PatchDialog'>, context: Context): Outcome {
  const { payload, rights, dialogId } = command;
  const dialog = findOwn(state, command);
  if (dialog === undefined) return notFound(dialogId);

  const document = patchTarget(dialog);
  const patched = applyPatch(document, payload);
  if (!patched.ok) return rejected(400, { UpdateDialogDto: [patched.reason] });
  const validated = validateUpdateDialog(document, {
    now: context.now,
    rights,
    stored: dialog,
    nullAsEmptyList: true,
  });
  if (!validated.ok) return rejected(400, validated.errors);
  const unwritten = unwrittenNames(validated.value, dialog, payload);
  if (unwritten.length > 0) {
    const reason = `An id, key or resource has to be written where it counts, not copied: ${listed(unwritten)}`;
    return rejected(400, { UpdateDialogDto: [reason] });
  }
  return applyUpdate(state, dialog, command, validated.value, context);
}

/** The PUT body that would leave the dialog as it is: what the pointers of a patch point into. */
export function patchTarget(dialog: Dialog): Record<string, unknown> {
  const { progress, extendedStatus, externalReference, dueAt, expiresAt, process, precedingProcess } = dialog;
  const { isApiOnly, status, content, attachments, guiActions, apiActions } = dialog;
  return {
    ...{ progress, extendedStatus, externalReference, dueAt, expiresAt, process, precedingProcess, isApiOnly, status },
    // Operations change the document in place; the state must not change with it.
    ...structuredClone({ content, attachments, guiActions, apiActions }),
    searchTags: dialog.searchTags.map((value) => ({ value })),
    // Existing ones never change, so they cannot be addressed; what a patch adds is appended.
    transmissions: [],
    activities: [],
  };
}
