import type { Session } from './session.ts';

/** Confirms events, in batches that clock themselves: what comes while one is on its way leaves with the next. */
export type Confirmations = {
  /** Resolves when it is stored that the event was confirmed; also on a later session. */
  confirm(confirmTo: string, line: string): Promise<void>;
  onConfirmed(lines: readonly string[]): void;
  /** Sends on this session from now on, and again what was sent on the one before. */
  use(session: Session): void;
  /** Resolves when everything is confirmed, or after the time has passed. */
  settle(timeoutMs: number): Promise<void>;
  /** Rejects what is not confirmed. */
  stop(): void;
};

type Pending = { confirmTo: string; promise: Promise<void>; resolve: () => void; reject: (err: Error) => void };

/** Lines of a message; the service takes 64 KiB. */
const batchMax = 300;
/** A batch of which nothing was heard for so long is sent again. */
const retryMs = 5_000;

export function createConfirmations(): Confirmations {
  const pending = new Map<string, Pending>();
  let current: Session | undefined;
  let underWay = new Set<string>();
  let retry: NodeJS.Timeout | undefined;
  let settled = () => {};

  return {
    confirm(confirmTo, line) {
      const already = pending.get(line);
      if (already !== undefined) return already.promise;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      // Whoever does not await it is not to be ended by it.
      promise.catch(() => {});
      pending.set(line, { confirmTo, promise, resolve, reject });
      if (underWay.size === 0) queueMicrotask(send);
      return promise;
    },
    onConfirmed(lines) {
      for (const line of lines) {
        pending.get(line)?.resolve();
        pending.delete(line);
        underWay.delete(line);
      }
      if (underWay.size === 0) send();
      if (pending.size === 0) settled();
    },
    use(session) {
      current = session;
      sendAgain();
    },
    async settle(timeoutMs) {
      if (pending.size === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      settled = resolve;
      const timer = setTimeout(resolve, timeoutMs);
      await promise;
      clearTimeout(timer);
    },
    stop() {
      clearTimeout(retry);
      for (const { reject } of pending.values())
        reject(new Error('The subscription was closed before it was confirmed.'));
      pending.clear();
    },
  };

  function sendAgain(): void {
    underWay = new Set();
    send();
  }

  /** The next batch: lines of one subject, the oldest first. */
  function send(): void {
    clearTimeout(retry);
    if (current === undefined || underWay.size > 0) return;
    const [first] = pending.values();
    if (first === undefined) return;
    const lines: string[] = [];
    for (const [line, one] of pending) {
      if (one.confirmTo !== first.confirmTo || lines.length === batchMax) continue;
      lines.push(line);
    }
    underWay = new Set(lines);
    retry = setTimeout(sendAgain, retryMs);
    try {
      current.publish(first.confirmTo, lines.join('\n'));
    } catch {
      // The session has just ended. The next one sends it again.
    }
  }
}
