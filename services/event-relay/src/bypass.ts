/**
 * How changes pass the backlog of their lane. Without a backlog, a lane has one turn, which publishes its rows in order.
 * When it is far behind, a bypass is opened, and the lane has two:
 *
 * - The turn ahead publishes what comes new, of dialogs that have nothing in the backlog. First it notes which dialogs
 *   those are that have; a change of one of these it leaves to the backlog.
 * - The turn of the backlog then goes on from the cursor, in order, and passes over what was sent ahead.
 *
 * Where the backlog's turn meets the turn ahead, everything is published, and the bypass is closed.
 *
 * A dialog's changes are so sent ahead up to some row, and from there on in the backlog's order, never the other way round
 * while the bypass is open. To which of the two a row belongs is settled with the row itself: what is noted later is
 * noted for rows behind it.
 */
import type { Bypass, DividedRow } from '@dialog/database/tables/outbox-bypasses';

export type BypassSettings = {
  /** Rows of a lane that one turn reads. */
  batchRowsMax: number;
  /** With more rows that wait in a lane, those that come after them get a way past them. */
  bypassRowsMin: number;
  /** Rows whose dialogs are noted in one step. */
  noteRowsMax: number;
};

/** The bypass of a lane that has none, where it needs one: all that is there is the backlog. */
export function bypassFrom(
  cursorSeq: number,
  newestSeq: number,
  { bypassRowsMin }: BypassSettings,
): Bypass | undefined {
  return newestSeq - cursorSeq > bypassRowsMin ? { notedSeq: cursorSeq, aheadSeq: newestSeq } : undefined;
}

/** Whether the backlog's turn comes so near to the turn ahead that it may meet it. That one has to stand still then. */
export function mayMeet(cursorSeq: number, { aheadSeq }: Bypass, { batchRowsMax }: BypassSettings): boolean {
  return aheadSeq - cursorSeq <= batchRowsMax;
}

/**
 * Whether a row is the backlog's: the turn ahead leaves it when it comes to it, and the backlog's turn, which comes later,
 * takes it. All others were sent ahead by then.
 */
export function isOfBacklog({ seq, sinceSeq }: Pick<DividedRow, 'seq' | 'sinceSeq'>): boolean {
  return sinceSeq !== null && sinceSeq < seq;
}

/** Whether dialogs are yet to be noted. Nothing is published then, in either turn: noting is what new changes wait for. */
export function isNoting({ notedSeq, aheadSeq }: Bypass): boolean {
  return notedSeq < aheadSeq;
}

/** Up to where the turn ahead notes dialogs next. */
export function nextToNote({ notedSeq, aheadSeq }: Bypass, { noteRowsMax }: BypassSettings): number {
  return Math.min(notedSeq + noteRowsMax, aheadSeq);
}

/**
 * The bypass when the turn ahead has published up to a row. If it is as far behind by now as a lane must be for a bypass,
 * what it has before it joins the backlog.
 *
 * It has to publish before it looks: what the relay before it published and could not note any more is so repeated at
 * once, and not at the end of the backlog, when JetStream does not know it any more.
 */
export function bypassAfter(publishedSeq: number, newestSeq: number, settings: BypassSettings): Bypass {
  return bypassFrom(publishedSeq, newestSeq, settings) ?? { notedSeq: publishedSeq, aheadSeq: publishedSeq };
}
