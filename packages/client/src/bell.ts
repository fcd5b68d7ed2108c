/** Wakes one that waits, or lets the next wait pass at once when it has rung meanwhile. */
export type Bell = {
  ring(): void;
  /** Whether it has rung; false when that took longer. */
  rung(timeoutMs?: number): Promise<boolean>;
};

export function createBell(): Bell {
  let hasRung = false;
  let wake: ((rung: boolean) => void) | undefined;

  return {
    ring() {
      if (wake === undefined) hasRung = true;
      else wake(true);
    },
    async rung(timeoutMs) {
      if (!hasRung) {
        const { promise, resolve } = Promise.withResolvers<boolean>();
        wake = resolve;
        const timer = timeoutMs === undefined ? undefined : setTimeout(resolve, timeoutMs, false);
        const rung = await promise;
        clearTimeout(timer);
        wake = undefined;
        return rung;
      }
      hasRung = false;
      return true;
    },
  };
}
