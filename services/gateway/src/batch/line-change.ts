import type { BatchKind, BatchLine } from '@dialog/contracts/batch-line';
import type { Command } from '@dialog/contracts/commands';
import type { Validated } from '@dialog/contracts/validate';
import { type Caller, type ChangeDeps, type ChangeRequest, type Prepared, wrong } from '../changes/change.ts';
import { createActivity } from '../changes/create-activity.ts';
import { createDialog } from '../changes/create-dialog.ts';
import { createTransmission } from '../changes/create-transmission.ts';
import { deleteDialog } from '../changes/delete-dialog.ts';
import { patchDialog } from '../changes/patch-dialog.ts';
import { updateDialog } from '../changes/update-dialog.ts';
import { missingBody } from '../read-json.ts';
import { errorsOf, idIn, revisionIn } from '../request-parameters.ts';

type Change = (deps: ChangeDeps, caller: Caller, request: ChangeRequest) => Promise<Prepared>;

/** How each kind of line becomes a command: as the request to its own route does. */
const changes: Record<BatchKind, Change> = {
  CreateDialog: createDialog,
  UpdateDialog: updateDialog,
  PatchDialog: patchDialog,
  DeleteDialog: deleteDialog,
  CreateTransmission: createTransmission,
  CreateActivity: createActivity,
};

/**
 * The dialog that a line is about, in lower case; undefined for a dialog that gets its id from us, and where it is not said
 * in a way that can be read. In a body, the last of several members that are called `id` counts, in any casing.
 */
export function dialogOf({ kind, dialogId, body }: BatchLine): string | undefined {
  if (kind !== 'CreateDialog') return dialogId?.toLowerCase();
  if (typeof body !== 'object' || body === null) return undefined;
  const id: unknown = Object.entries(body).findLast(([name]) => name.toLowerCase() === 'id')?.[1];
  return typeof id === 'string' ? id.toLowerCase() : undefined;
}

/**
 * A line as a command, or what is wrong with it: the same problems under the same keys as of the route for its kind.
 *
 * @throws UpstreamFailure when the platform has to be asked and is away; DatabaseUnavailable
 */
export async function prepareLine(deps: ChangeDeps, caller: Caller, line: BatchLine): Promise<Prepared> {
  const { kind, isSilentUpdate, body } = line;
  const dialogId = kind === 'CreateDialog' ? noneOf('dialogId', line.dialogId) : idIn('dialogId', line.dialogId ?? '');
  const ifMatch = kind === 'CreateDialog' ? noneOf('If-Match', line.ifMatch) : revisionIn(line.ifMatch ?? null);
  const missing = body === undefined && kind !== 'DeleteDialog' ? missingBody.problem.errors : undefined;
  if (!dialogId.ok || !ifMatch.ok || missing !== undefined)
    return wrong({ ...errorsOf(dialogId, ifMatch), ...missing });

  const request = { dialogId: dialogId.value ?? '', ifMatch: ifMatch.value, silent: isSilentUpdate ?? false, body };
  const prepared = await changes[kind](deps, caller, request);
  return prepared.ok ? { ...prepared, command: withKey(prepared.command, line.idempotentKey ?? undefined) } : prepared;
}

/** The key of a dialog stands in its body, where that has one: then it is told as repeated by that. */
function withKey(command: Command, key: string | undefined): Command {
  if (command.kind !== 'CreateDialog') return key === undefined ? command : { ...command, idempotentKey: key };
  const idempotentKey = command.payload.idempotentKey ?? key;
  return idempotentKey === undefined
    ? command
    : { ...command, payload: { ...command.payload, idempotentKey }, idempotentKey };
}

function noneOf(name: string, value: string | null | undefined): Validated<null> {
  if (value === undefined || value === null) return { ok: true, value: null };
  return { ok: false, errors: { [name]: ['Not for CreateDialog; an id of your choice stands in its body.'] } };
}
