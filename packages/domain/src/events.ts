import type { Audience, DialogEvent } from '@dialog/contracts/dialog-event';
import { type Activity, type Dialog, isVisible, type SeenLogEntry, type Transmission } from './dialog.ts';
import type { Context } from './outcome.ts';

/**
 * The events of one change: the dialog's own first, then one per new child.
 *
 * A dialog that its party cannot see, or has not been told of yet, gives events for the service owner only: an event must
 * never point at something that its reader may not open (architecture, section 5). What the party hears later, and when,
 * is settled in withVisibility.
 */
export function eventsOf(
  type: 'DialogCreated' | 'DialogUpdated',
  dialog: Dialog,
  transmissions: readonly Transmission[],
  activities: readonly Activity[],
  context: Context,
): DialogEvent[] {
  const audiences = audiencesOf(dialog, context);
  return [
    { id: context.newId(), audiences, type },
    ...transmissions.map(
      ({ id, sender }): DialogEvent => ({
        id: context.newId(),
        audiences,
        type: 'DialogTransmissionCreated',
        transmissionId: id,
        senderType: sender.actorType,
      }),
    ),
    ...activities.map(
      ({ id, type: activityType, extendedType }): DialogEvent => ({
        id: context.newId(),
        audiences,
        type: 'DialogActivityCreated',
        activityId: id,
        activityType,
        extendedType,
      }),
    ),
  ];
}

/** The event of a change that concerns the dialog alone. */
export function dialogEvents(
  type: 'DialogUpdated' | 'DialogDeleted' | 'DialogRestored',
  dialog: Dialog,
  context: Context,
): DialogEvent[] {
  return [{ id: context.newId(), audiences: audiencesOf(dialog, context), type }];
}

/** An end user has opened the dialog. The event has the id of the entry in the seen log, so it is one event for both. */
export function seenEvent(dialog: Dialog, { id }: SeenLogEntry, context: Context): DialogEvent {
  return { id, audiences: audiencesOf(dialog, context), type: 'DialogSeen' };
}

function audiencesOf(dialog: Dialog, { now }: Context): Audience[] {
  return isVisible(dialog, now) && dialog.withheldEventsCount === null ? ['owner', 'party'] : ['owner'];
}
