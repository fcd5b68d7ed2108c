/** The lane takes no more for now. Nothing was enqueued; the caller may try again after `retryAfterMs`. */
export class LaneFull extends Error {
  override name = 'LaneFull';
  readonly lane: number;
  readonly retryAfterMs: number;

  constructor(lane: number, retryAfterMs: number, reason: string) {
    super(`Lane ${lane} is full: ${reason}.`);
    this.lane = lane;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * The command could not be put on its lane, or nobody can tell whether it was.
 *
 * Not `inDoubt`: it was not enqueued and never will be. `inDoubt`: Redis went away with the envelope in hand, so the
 * command may still be applied, once. The caller repeats it with its own guard (idempotentKey, If-Match, an id of its
 * choice), as after any lost answer.
 */
export class LaneUnavailable extends Error {
  override name = 'LaneUnavailable';
  readonly inDoubt: boolean;

  constructor(message: string, { cause, inDoubt = false }: { cause?: unknown; inDoubt?: boolean } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.inDoubt = inDoubt;
  }
}

/** This process knows another number of lanes than the one in use, and those lanes are not empty. */
export class LaneCountMismatch extends Error {
  override name = 'LaneCountMismatch';
}
