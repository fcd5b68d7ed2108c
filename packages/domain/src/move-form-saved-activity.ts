import type { CommandOf } from '@dialog/contracts/commands';
import { latestOf } from '@dialog/contracts/timestamp';
import { childKey, type DialogState } from './dialog-state.ts';
import { revised, revisionMismatch } from './open-for-change.ts';
import { applied, type Context, changeOf, type Outcome, rejected } from './outcome.ts';

/**
 * Decides whether a FormSaved activity gets another time, so that a form that is saved often has one of them
 * (section 35). Only administrators may; to them it does not matter whose dialog it is, or that it is deleted.
 */
export function moveFormSavedActivity(
  state: DialogState,
  command: CommandOf<'MoveFormSavedActivity'>,
  context: Context,
): Outcome {
  const { dialogId, activityId, createdAt, rights } = command;
  if (!rights.admin) return rejected(403, { Forbidden: ['Only an administrator can move an activity.'] });
  const dialog = state.dialogs.get(dialogId);
  const activity = state.activities.get(childKey(dialogId, activityId));
  if (dialog === undefined || activity === undefined) {
    return rejected(404, { DialogActivity: [`No activity was found with id (${activityId})`] });
  }
  if (activity.type !== 'FormSaved') {
    return rejected(422, {
      Type: [`Activity ${activityId} is of type ${activity.type}, and only FormSaved can move.`],
    });
  }
  const mismatch = revisionMismatch(dialog, command);
  if (mismatch !== undefined) return mismatch;

  const moved = { ...revised(dialog, context), updatedAt: latestOf(dialog.updatedAt, createdAt) };
  const change = changeOf('updated', moved, { movedActivities: [{ dialogId, id: activityId, createdAt }] });
  return applied(moved.revision, change);
}
