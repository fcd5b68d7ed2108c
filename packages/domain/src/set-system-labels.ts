import type { Actor } from '@dialog/contracts/actor';
import type { CommandOf } from '@dialog/contracts/commands';
import { namedActor } from './actor.ts';
import type { Dialog } from './dialog.ts';
import type { DialogState } from './dialog-state.ts';
import { notFound } from './open-for-change.ts';
import { applied, type Context, changeOf, Errors, type Outcome, rejected } from './outcome.ts';
import { relabelled } from './system-labels.ts';

type Labelling = CommandOf<'SetSystemLabels'> | CommandOf<'BulkSetSystemLabels'>;
type Rejected = Outcome & { kind: 'rejected' };

/** Decides what an end user's labels on a dialog become, checks in the order of section 29. */
export function setSystemLabels(state: DialogState, command: CommandOf<'SetSystemLabels'>, context: Context): Outcome {
  const { dialogId, ifMatch, unauthorized } = command;
  const dialog = findLabellable(state, command, dialogId);
  if (dialog === undefined) return notFound(dialogId);
  const refused = performerRefused(command);
  if (refused !== undefined) return refused;
  if (unauthorized.includes(dialogId)) {
    return rejected(403, { Forbidden: [`Not a dialog that the end user may see (${dialogId})`] });
  }
  if (ifMatch !== null && ifMatch !== dialog.endUserContextRevision) return rejected(412);
  return relabel([dialog], command, context);
}

/** Decides the same for many dialogs, all or none, checks in the order of section 30. */
export function bulkSetSystemLabels(
  state: DialogState,
  command: CommandOf<'BulkSetSystemLabels'>,
  context: Context,
): Outcome {
  const refused = performerRefused(command);
  if (refused !== undefined) return refused;
  const unauthorized = new Set(command.unauthorized);
  const missing: string[] = [];
  const found: Dialog[] = [];
  let outdated = false;
  for (const { dialogId, endUserContextRevision: expected } of command.dialogs) {
    const dialog = unauthorized.has(dialogId) ? undefined : findLabellable(state, command, dialogId);
    if (dialog === undefined) missing.push(dialogId);
    else {
      found.push(dialog);
      outdated ||= expected !== null && expected !== dialog.endUserContextRevision;
    }
  }
  if (missing.length > 0) return notFound(...missing);
  return outdated ? rejected(412) : relabel(found, command, context);
}

/** Whom the label log names. An id without a registered name is an error. */
export function performer({ performedBy, facts }: Labelling, errors = new Errors()): Actor {
  return namedActor(performedBy, facts, errors);
}

/** Only an administrator may say who did it; others do it on behalf of an end user. */
function performerRefused({ performerNamed, rights }: Labelling): Rejected | undefined {
  if (!performerNamed || rights.admin) return undefined;
  return rejected(403, { Forbidden: ['performedBy needs the scope digdir:dialogporten.serviceprovider.admin.'] });
}

/** To labels, a deleted dialog is not there. */
function findLabellable(
  state: DialogState,
  { org, rights, byEndUser }: Labelling,
  dialogId: string,
): Dialog | undefined {
  const dialog = state.dialogs.get(dialogId);
  if (dialog === undefined || dialog.deletedAt !== null) return undefined;
  return byEndUser || dialog.org === org || rights.admin ? dialog : undefined;
}

/** Nothing of the dialogs themselves changes. A name is needed only where there is something to log. */
function relabel(dialogs: readonly Dialog[], command: Labelling, context: Context): Outcome {
  const after = dialogs.map((dialog) => relabelled(dialog, command, context));
  const [first] = after;
  if (first === undefined) throw new Error(`Command ${command.id} names no dialog.`);
  const changed = after.filter((dialog, index) => dialog !== dialogs[index]);
  const errors = new Errors();
  if (changed.length > 0) performer(command, errors);
  if (errors.any) return errors.rejected(422);
  return applied(first.endUserContextRevision, ...changed.map((dialog) => changeOf('updated', dialog)));
}
