export type ClockSettings = {
  /** Commands in one envelope. More would make one transaction of the worker, and the wait behind it, too long. */
  commandsMax: number;
  /** Bytes of JSON in one envelope; a single larger command travels alone. */
  bytesMax: number;
  /** How long an envelope whose outcome is out holds back the next one, in milliseconds. */
  capMs: number;
  /**
   * The same for a next one with a command that is to be accepted soon, for each envelope that is on its way: lanes that
   * cannot keep up get fewer and larger ones, up to `capMs`.
   */
  soonCapMs: number;
};

/**
 * Decides when the commands of one gateway for one lane leave, and which leave together. Pure but for its own state:
 * the caller passes the time (milliseconds, any origin), sends what `take` returns, and reports back.
 *
 * An idle lane sends at once. While an envelope is on its way, commands gather, and leave together when it has landed,
 * when the cap has passed, or when they fill an envelope: batches grow with the load, without a linger when idle. Where
 * all of them are only to be accepted soon, the cap alone counts.
 *
 * In every case an envelope leaves only after Redis has acknowledged the one before. Otherwise the first could fail and
 * be sent again behind the second, and commands would be applied in another order than they came in.
 */
export function createEnvelopeClock<Item>({ commandsMax, bytesMax, capMs, soonCapMs }: ClockSettings) {
  let waiting: { item: Item; bytes: number; soon: boolean }[] = [];
  let bytes = 0;
  let soonOnes = 0;
  let unacknowledged = false;
  /** Envelopes that were sent and whose outcome is not known. */
  let underway = 0;
  let sentAt = Number.NEGATIVE_INFINITY;
  let hurrying = false;

  return {
    /** @param soon whether somebody waits for the command to be accepted, and not for its outcome */
    add(item: Item, itemBytes: number, { soon = false }: { soon?: boolean } = {}): void {
      waiting.push({ item, bytes: itemBytes, soon });
      if (soon) soonOnes += 1;
      bytes += itemBytes;
    },

    /** The next envelope's commands, in the order in which they were added; undefined while they have to wait. */
    take(now: number): Item[] | undefined {
      if (waiting.length === 0 || unacknowledged || isHeldBack(now)) return undefined;
      const count = countThatFits();
      const taken = waiting.slice(0, count);
      waiting = waiting.slice(count);
      for (const { bytes: itemBytes, soon } of taken) {
        bytes -= itemBytes;
        if (soon) soonOnes -= 1;
      }
      unacknowledged = true;
      underway += 1;
      sentAt = now;
      return taken.map(({ item }) => item);
    },

    /** Milliseconds until `take` is worth asking without any report having come; undefined when it is not. */
    dueInMs(now: number): number | undefined {
      if (waiting.length === 0 || unacknowledged) return undefined;
      return isHeldBack(now) ? Math.max(0, sentAt + holdMs() - now) : 0;
    },

    /** Redis has the envelope. */
    acknowledged(): void {
      unacknowledged = false;
    },

    /** An outcome is known. @param later envelopes that were sent behind that one */
    landed(later: number): void {
      underway = later;
    },

    /** It could not be sent. @param earlier envelopes that are on their way all the same */
    failed(earlier: number): void {
      unacknowledged = false;
      underway = earlier;
    },

    /** Empties the waiting room, for callers that are told so. */
    drop(): Item[] {
      const dropped = waiting.map(({ item }) => item);
      waiting = [];
      bytes = 0;
      soonOnes = 0;
      return dropped;
    },

    /** From now on nothing waits for an outcome: the process is about to end. */
    hurry(): void {
      hurrying = true;
    },

    waiting: () => ({ commands: waiting.length, bytes }),
  };

  function isHeldBack(now: number): boolean {
    if (hurrying) return false;
    return now - sentAt < holdMs() && waiting.length < commandsMax && bytes < bytesMax;
  }

  function holdMs(): number {
    const soonMs = Math.min(capMs, soonCapMs * Math.max(1, underway));
    // Nobody waits for the outcomes of these: that the lane is free again is no reason to hurry.
    if (soonOnes === waiting.length) return soonMs;
    if (underway === 0) return 0;
    return soonOnes > 0 ? soonMs : capMs;
  }

  function countThatFits(): number {
    let count = 0;
    let total = 0;
    for (const { bytes: itemBytes } of waiting) {
      total += itemBytes;
      if (count > 0 && (count === commandsMax || total > bytesMax)) break;
      count += 1;
    }
    return count;
  }
}
