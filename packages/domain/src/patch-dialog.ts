import type { CommandOf } from '@dialog/contracts/commands';
import type { JsonPatch } from '@dialog/contracts/json-patch';
import { validateUpdateDialog } from '@dialog/contracts/validate';
import jsonPatch from 'fast-json-patch';
import type { Dialog } from './dialog.ts';
import type { DialogState } from './dialog-state.ts';
import { findOwn, notFound } from './open-for-change.ts';
import { type Context, type Outcome, rejected } from './outcome.ts';
import { againstDialog, applyUpdate } from './update-dialog.ts';

/**
 * Decides a PATCH: the operations are applied to the dialog as it is now, and the result is treated as a PUT body
 * (service owner API, section 19). Nothing is applied when one operation fails.
 */
export function patchDialog(state: DialogState, command: CommandOf<'PatchDialog'>, context: Context): Outcome {
  const { payload, rights, dialogId } = command;
  const dialog = findOwn(state, command);
  if (dialog === undefined) return notFound(dialogId);

  const patched = applyPatch(patchTarget(dialog), payload);
  if (!patched.ok) return rejected(400, { UpdateDialogDto: [patched.reason] });
  const validated = validateUpdateDialog(patched.document, {
    now: context.now,
    rights,
    visibleFrom: dialog.visibleFrom,
    nullAsEmptyList: true,
  });
  if (!validated.ok) return rejected(400, validated.errors);
  const invalid = againstDialog(validated.value, dialog, rights);
  if (invalid.any) return invalid.rejected(400);
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

/** Operations in one patch. Each costs the lane microseconds, and the lane serves others. */
const operationsMax = 10_000;
/** Characters of JSON that the copies of one patch may add up to: a few that copy a copy would otherwise fill the memory. */
const copiedMax = 1_000_000;

type Patched = { ok: true; document: Record<string, unknown> } | { ok: false; reason: string };

function applyPatch(document: Record<string, unknown>, patch: JsonPatch): Patched {
  if (patch.length > operationsMax) return { ok: false, reason: `A patch has at most ${operationsMax} operations.` };
  let copied = 0;
  for (const [index, operation] of patch.entries()) {
    const { op, path } = operation;
    if (path === '') return { ok: false, reason: `Operation ${index} (${op}): the whole dialog cannot be replaced.` };
    const located = {
      ...operation,
      path: inDocumentCase(document, path),
      ...('from' in operation && { from: inDocumentCase(document, operation.from) }),
    };
    try {
      if (op === 'copy') copied += lengthAt(document, located.from ?? '');
      if (copied > copiedMax) return { ok: false, reason: `Operation ${index} (copy ${path}): too much is copied.` };
      // Checked one by one: a pointer may go into what an earlier operation added.
      const { newDocument } = jsonPatch.applyPatch(document, [located], true, true);
      document = newDocument;
    } catch (error) {
      // The library throws for each way in which an operation cannot be applied, some of them plain TypeErrors.
      const reason = error instanceof jsonPatch.JsonPatchError ? error.name : 'OPERATION_NOT_APPLICABLE';
      return { ok: false, reason: `Operation ${index} (${op} ${path}) cannot be applied: ${reason}.` };
    }
  }
  return { ok: true, document };
}

/** Characters of JSON at a pointer; 0 where there is nothing, which the operation itself is then refused for. */
function lengthAt(document: unknown, pointer: string): number {
  return JSON.stringify(jsonPatch.getValueByPointer(document, pointer))?.length ?? 0;
}

/** Writes the names in a pointer as the document has them: member names are matched without regard to case. */
function inDocumentCase(document: unknown, pointer: string): string {
  let node = document;
  const segments = pointer.split('/').map((segment, index) => {
    if (index === 0 || typeof node !== 'object' || node === null) return segment;
    const name = segment.replaceAll('~1', '/').replaceAll('~0', '~');
    const members = node;
    const found = Object.hasOwn(members, name)
      ? name
      : Object.keys(members).find((candidate) => candidate.toLowerCase() === name.toLowerCase());
    node = found === undefined ? undefined : Object.entries(members).find(([key]) => key === found)?.[1];
    return found === undefined ? segment : found.replaceAll('~', '~0').replaceAll('/', '~1');
  });
  return segments.join('/');
}
