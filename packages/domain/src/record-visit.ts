import type { CommandOf } from '@dialog/contracts/commands';
import { seenLogId } from '@dialog/contracts/seen-log-id';
import { justAfter, latestOf } from '@dialog/contracts/timestamp';
import type { Dialog, SeenLogEntry } from './dialog.ts';
import { childKey, type DialogState } from './dialog-state.ts';
import { dialogEvents, seenEvent } from './events.ts';
import { findOwn, notFound } from './open-for-change.ts';
import { applied, type Context, changeOf, type Outcome } from './outcome.ts';
import { relabelled } from './system-labels.ts';

/**
 * Decides what an end user's visit leaves behind (section 13.7): an entry in the seen log, unless there is one for this
 * state of the dialog; the mark that its content has been seen, if it is still the content that the reader saw; and no
 * `MarkedAsUnopened`. The dialog keeps its revision and its timestamps. That the end user may see it has been settled by
 * the gateway.
 */
export function recordVisit(state: DialogState, command: CommandOf<'RecordVisit'>, context: Context): Outcome {
  const dialog = findOwn(state, command);
  if (dialog === undefined) return notFound(command.dialogId);
  const { seenBy, isViaServiceOwner } = command;
  const visits = state.lastVisits.get(childKey(dialog.id, seenBy.actorId)) ?? [];
  if (isSeen(dialog, visits[0])) return applied(dialog.endUserContextRevision);

  const id = seenLogId(dialog, seenBy.actorId);
  // A dialog may have been updated by a clock that is a little ahead, a caller's or another worker's.
  const seenAt = latestOf(context.now, justAfter(dialog.updatedAt));
  const entry: SeenLogEntry = { dialogId: dialog.id, id, seenAt, seenBy, isViaServiceOwner };
  const entries = visits.some((visit) => visit.id === id) ? [] : [entry];
  const setsFlag = !dialog.contentSeen && dialog.contentUpdatedAt === command.contentUpdatedAt;
  const flagged = setsFlag ? { ...dialog, contentSeen: true } : dialog;
  const opened = relabelled(flagged, { removeLabels: ['MarkedAsUnopened'], addLabels: [] }, context);
  const revision = opened.endUserContextRevision;
  if (opened === dialog && entries.length === 0) return applied(revision);

  const updated = setsFlag || entries.length > 0 ? dialogEvents('DialogUpdated', opened, context) : [];
  const events = [...updated, ...entries.map((visit) => seenEvent(opened, visit, context))];
  return applied(revision, changeOf('updated', opened, { visits: entries, events }));
}

/** Whether a visit leaves nothing behind, as the end user has opened the dialog since it was updated. */
export function isSeen(
  { updatedAt, contentSeen, systemLabels }: Pick<Dialog, 'updatedAt' | 'contentSeen' | 'systemLabels'>,
  lastVisit: Pick<SeenLogEntry, 'seenAt'> | undefined,
): boolean {
  const visited = lastVisit !== undefined && lastVisit.seenAt > updatedAt;
  return visited && contentSeen && !systemLabels.includes('MarkedAsUnopened');
}
