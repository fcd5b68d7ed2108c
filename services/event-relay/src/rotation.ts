/** Whose turn it is: lanes that may have something to relay, in the order in which they came up. */
export type Rotation = {
  /** There may be something on this lane. Costs nothing when that is known already. */
  wake(lane: number): void;
  /** Gives no more turns, and returns when the turns under way have ended. */
  stop(): Promise<void>;
};

/**
 * Gives lanes their turns, some at once, each lane one at a time. A turn is one batch, and a lane with more than that
 * goes back to the end of the line: however long the backlog of one lane is, another waits for a few batches at most.
 *
 * @param turn relays a batch of a lane; tells whether there may be more
 * @param onFault a turn has failed. There are no more turns after that.
 */
export function startRotation({
  turn,
  turnsAtOnceMax,
  onFault,
}: {
  turn: (lane: number) => Promise<boolean>;
  turnsAtOnceMax: number;
  onFault: (fault: unknown) => void;
}): Rotation {
  /** A set keeps the order in which lanes came, and each once. */
  const waiting = new Set<number>();
  const running = new Map<number, Promise<void>>();
  /** Woken during their turn, which may have looked too early to see what there is now. */
  const wokenMeanwhile = new Set<number>();
  let stopped = false;

  return {
    wake(lane) {
      (running.has(lane) ? wokenMeanwhile : waiting).add(lane);
      giveTurns();
    },
    async stop() {
      stopped = true;
      await Promise.all(running.values());
    },
  };

  function giveTurns(): void {
    for (const lane of waiting) {
      if (stopped || running.size >= turnsAtOnceMax) return;
      waiting.delete(lane);
      running.set(lane, take(lane));
    }
  }

  async function take(lane: number): Promise<void> {
    let more = false;
    try {
      more = await turn(lane);
    } catch (fault) {
      stopped = true;
      onFault(fault);
    }
    running.delete(lane);
    if (wokenMeanwhile.delete(lane) || more) waiting.add(lane);
    giveTurns();
  }
}
