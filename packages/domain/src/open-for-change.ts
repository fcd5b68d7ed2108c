import type { Command } from '@dialog/contracts/commands';
import { listed } from '@dialog/contracts/listed';
import type { Dialog } from './dialog.ts';
import type { DialogState } from './dialog-state.ts';
import { type Context, type Outcome, rejected } from './outcome.ts';

type Rejected = Outcome & { kind: 'rejected' };

/** The command's dialog. Another org's dialog is reported as absent: its existence is not the caller's to know. */
export function findOwn(state: DialogState, { dialogId, org, rights }: Command): Dialog | undefined {
  const dialog = state.dialogs.get(dialogId);
  return dialog !== undefined && (dialog.org === org || rights.admin) ? dialog : undefined;
}

export function notFound(...dialogIds: string[]): Rejected {
  return rejected(404, { DialogEntity: [`No dialog was found with id (${dialogIds.join(', ')})`] });
}

/** 410 for a deleted dialog, then 403 for a frozen one: what stops every change (section 36). */
export function closedForChange(dialog: Dialog, { rights }: Command): Rejected | undefined {
  if (dialog.deletedAt !== null) {
    return rejected(410, { DialogEntity: [`The dialog has been deleted (${dialog.id})`] });
  }
  if (dialog.frozen && !rights.admin) {
    return rejected(403, {
      Forbidden: [`The dialog is frozen (${dialog.id}) and can only be changed by an administrator.`],
    });
  }
  return undefined;
}

/** 412 when the caller saw another revision than the dialog has at this moment. */
export function revisionMismatch(dialog: Dialog, { ifMatch }: Command): Rejected | undefined {
  return ifMatch !== null && ifMatch !== dialog.revision ? rejected(412) : undefined;
}

/** 403 for a dialog of a correspondence, which only holders of the correspondence scope may change or remove. */
export function reservedForCorrespondence(
  dialog: Pick<Dialog, 'serviceResourceType'>,
  { rights }: Command,
): Rejected | undefined {
  if (dialog.serviceResourceType !== 'correspondenceservice' || rights.correspondence) return undefined;
  return rejected(403, {
    Forbidden: ['Dialogs of correspondence resources need the scope digdir:dialogporten.correspondence.'],
  });
}

/** A dialog whose revision changes and whose timestamps do not. */
export function revised(dialog: Dialog, { newRevision }: Context): Dialog {
  return { ...dialog, revision: newRevision() };
}

/**
 * The reference check (section 2.4): 403 for resources that the payload refers to and the caller does not own, and for
 * a dialog of a correspondence without the scope for those. Made for everybody but administrators.
 *
 * @param referenced if not all that was looked up is referred to in the end
 */
export function foreignReferences(
  dialog: Pick<Dialog, 'serviceResourceType'>,
  command: Command,
  referenced: readonly string[] = command.facts.notOwned,
): Rejected | undefined {
  const { facts, rights } = command;
  if (rights.admin) return undefined;
  const counting = new Set(referenced);
  const foreign = facts.notOwned.filter((resource) => counting.has(resource));
  if (foreign.length > 0) return rejected(403, { Forbidden: [`Not owned by the caller: ${listed(foreign)}`] });
  return reservedForCorrespondence(dialog, command);
}
