import type { ActivityBody } from '@dialog/contracts/activity';
import type { CommandOf } from '@dialog/contracts/commands';
import { appendActivities, reservedActivityTypes } from './append-activities.ts';
import { afterAppending } from './counters.ts';
import { type Dialog, hasUnopenedContent, somethingIsUnopened, tellingUnopened } from './dialog.ts';
import { childKey, type DialogState } from './dialog-state.ts';
import { eventsOf } from './events.ts';
import { modified } from './modified.ts';
import { closedForChange, findOwn, foreignReferences, notFound, revisionMismatch } from './open-for-change.ts';
import { applied, type Context, changeOf, Errors, type Outcome, rejected } from './outcome.ts';
import { backToDefault } from './system-labels.ts';
import { addTakenIds } from './taken-ids.ts';

/**
 * Decides whether an activity may be added to a dialog, checks in the order of section 26.1 of the service owner API:
 * the revision is compared last. An administrator may add one to a deleted dialog.
 */
export function createActivity(state: DialogState, command: CommandOf<'CreateActivity'>, context: Context): Outcome {
  const { dialogId, activityId, payload, silent, facts, rights } = command;
  const dialog = findOwn(state, command);
  if (dialog === undefined) return notFound(dialogId);
  const refused =
    (rights.admin ? undefined : closedForChange(dialog, command)) ?? reservedActivityTypes([payload], rights);
  if (refused !== undefined) return refused;

  const { transmissionId } = payload;
  const foreign = foreignReferences(dialog, command);
  if (foreign !== undefined) return foreign;
  if (transmissionId !== null && !state.transmissions.has(childKey(dialogId, transmissionId))) {
    return rejected(422, { 'Activity.TransmissionId': [`The dialog has no transmission with id ${transmissionId}.`] });
  }

  const errors = new Errors();
  const activities = appendActivities(dialog, [{ ...payload, id: activityId }], facts, context, errors);
  const chosen = payload.id === null ? [] : [{ entity: 'DialogActivity', id: payload.id }];
  if (state.activities.has(childKey(dialogId, activityId))) {
    errors.add('DialogActivity', `DialogActivity with id ${activityId} already exists.`);
  } else {
    addTakenIds(state, chosen, errors);
  }
  if (errors.any) return errors.rejected(422);
  const mismatch = revisionMismatch(dialog, command);
  if (mismatch !== undefined) return mismatch;

  const after = afterAppending(
    modified(dialog, { content: false, silent }, context),
    { transmissions: [], touched: [] },
    activities,
    state,
  );
  const told = withOpened(dialog, after.dialog, payload);
  const changed = silent ? told : backToDefault(told, context);
  const change = changeOf('updated', changed, {
    activities,
    touchedTransmissions: after.touched,
    chosenIds: chosen.map(({ id }) => id),
    events: silent ? [] : eventsOf('DialogUpdated', changed, [], activities, context),
  });
  return applied(changed.revision, change);
}

/** An activity that opens something may end that a dialog tells of unopened content, and never begins it (13.5). */
function withOpened(before: Dialog, after: Dialog, { type }: ActivityBody): Dialog {
  const opens = type === 'TransmissionOpened' || type === 'CorrespondenceOpened';
  const unopened = hasUnopenedContent(before) && (!opens || somethingIsUnopened(after));
  return tellingUnopened(after, unopened);
}
