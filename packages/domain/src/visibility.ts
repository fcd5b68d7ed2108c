import type { DialogEvent } from '@dialog/contracts/dialog-event';
import type { Timestamp } from '@dialog/contracts/timestamp';
import type { Dialog, WithheldEvent } from './dialog.ts';
import type { Change, Context } from './outcome.ts';

/**
 * Adds to a change what it means for what the party hears, now and later (architecture, section 5).
 *
 * - Of a dialog that it has not been told of, the party gets what is new in it later: the events of the dialog itself, its
 *   transmissions and activities are withheld, in their order, until ApplyVisibility gives them out. The `created` event
 *   then speaks for every update before it, and what is silent has no event that could be withheld.
 * - Of a dialog whose time is over, it hears that once, before anything else: at the next change, which is ApplyVisibility
 *   unless somebody else's comes first.
 * - The dialog is due when time alone will do one of these two. A deleted one is not, until it is restored.
 */
export function withVisibility(before: Dialog | undefined, change: Change, context: Context): Change {
  const { now, newId } = context;
  const expired: DialogEvent[] =
    before !== undefined && expiryIsUntold(before, now)
      ? [{ id: newId(), audiences: ['party'], type: 'DialogExpired' }]
      : [];
  const withheld = withheldOf(change);
  const told = change.dialog.withheldEventsCount;
  const counted = { ...change.dialog, withheldEventsCount: told === null ? null : told + withheld.length };
  return {
    ...change,
    dialog: { ...counted, visibilityDueAt: visibilityDueAt(before, counted, now) },
    events: [...expired, ...change.events],
    withheld,
  };
}

/** Whether the party believes that it can see a dialog whose time is over. */
function expiryIsUntold(dialog: Dialog, now: Timestamp): boolean {
  const { withheldEventsCount, expiresAt } = dialog;
  return withheldEventsCount === null && isDue(dialog, now) && expiresAt !== null && expiresAt <= now;
}

function withheldOf({ dialog, events }: Change): WithheldEvent[] {
  const { id: dialogId, withheldEventsCount } = dialog;
  if (withheldEventsCount === null) return [];
  return events.filter(isOfSomethingNew).map((event, index) => ({
    dialogId,
    seq: withheldEventsCount + index + 1,
    event: { ...event, audiences: ['party'] },
  }));
}

function isOfSomethingNew({ type }: DialogEvent): boolean {
  return type === 'DialogCreated' || type === 'DialogTransmissionCreated' || type === 'DialogActivityCreated';
}

function visibilityDueAt(before: Dialog | undefined, dialog: Dialog, now: Timestamp): Timestamp | null {
  const { visibleFrom, expiresAt, deletedAt, withheldEventsCount } = dialog;
  if (deletedAt !== null) return null;
  if (withheldEventsCount === null) return expiresAt !== null && expiresAt > now ? expiresAt : null;
  // Its time may have passed before anybody could be told.
  const isOver = expiresAt !== null && expiresAt <= now;
  if (isOver) return null;
  if (visibleFrom !== null && visibleFrom > now) return visibleFrom;
  // Since when, not since when it could have been: a restore years later is not years late.
  return before !== undefined && isDue(before, now) ? before.visibilityDueAt : now;
}

function isDue({ visibilityDueAt: dueAt }: Dialog, now: Timestamp): boolean {
  return dueAt !== null && dueAt <= now;
}
