import type { Timestamp } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import * as deadLetters from '@dialog/database/tables/dead-letters';
import { describe } from './faults.ts';

/** Keeps an envelope that nobody can read as a dead letter of its own, so that its lane can go on. */
export function keepUnreadable(
  { db, now, newId }: { db: Database; now: () => Timestamp; newId: () => string },
  lane: number,
): (text: string, error: Error) => Promise<void> {
  return (text, error) =>
    deadLetters.insert(db, {
      id: newId(),
      lane,
      failedAt: now(),
      error: describe(error),
      // A NUL is the one character that a text column cannot hold.
      command: text.replaceAll('\u0000', '\\u0000'),
    });
}
