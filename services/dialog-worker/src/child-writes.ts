import type { Activity, KnownTransmission, MovedActivity, Transmission } from '@dialog/domain/dialog';
import { childKey } from '@dialog/domain/dialog-state';
import type { Change } from '@dialog/domain/outcome';

/**
 * What becomes of transmissions by some changes, in order: each one is named once, with what it is in the end. One that
 * is added and then corrected, answered or opened is simply added that way.
 */
export function transmissionWrites(changes: readonly Change[]): {
  added: Transmission[];
  corrected: Transmission[];
  touched: KnownTransmission[];
} {
  const added = new Map<string, Transmission>();
  const corrected = new Map<string, Transmission>();
  const touched = new Map<string, KnownTransmission>();
  for (const change of changes) {
    for (const transmission of change.transmissions) added.set(keyOf(transmission), transmission);
    for (const transmission of change.correctedTransmissions) {
      const key = keyOf(transmission);
      if (added.has(key)) added.set(key, transmission);
      else corrected.set(key, transmission);
      touched.delete(key);
    }
    for (const known of change.touchedTransmissions) {
      const key = keyOf(known);
      const { depth, repliesCount, opened } = known;
      const [whole, into] = added.has(key) ? [added.get(key), added] : [corrected.get(key), corrected];
      if (whole === undefined) touched.set(key, known);
      else into.set(key, { ...whole, depth, repliesCount, opened });
    }
  }
  return { added: [...added.values()], corrected: [...corrected.values()], touched: [...touched.values()] };
}

/** As {@link transmissionWrites}, for activities. */
export function activityWrites(changes: readonly Change[]): { added: Activity[]; moved: MovedActivity[] } {
  const added = new Map<string, Activity>();
  const moved = new Map<string, MovedActivity>();
  for (const change of changes) {
    for (const activity of change.activities) added.set(keyOf(activity), activity);
    for (const move of change.movedActivities) {
      const key = keyOf(move);
      const fresh = added.get(key);
      if (fresh === undefined) moved.set(key, move);
      else added.set(key, { ...fresh, createdAt: move.createdAt });
    }
  }
  return { added: [...added.values()], moved: [...moved.values()] };
}

function keyOf({ dialogId, id }: { dialogId: string; id: string }): string {
  return childKey(dialogId, id);
}
