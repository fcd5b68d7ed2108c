import type { Session } from './session.ts';

/**
 * Confirms events, in batches that clock themselves: what comes while one is on its way leaves with the next. Each subject
 * has batches of its own, so that one where nobody answers keeps no other waiting.
 */
export type Confirmations = {
  /**
   * Resolves when it is stored that the event was confirmed; also on a later session, or when one has no right any more
   * to confirm it.
   */
  confirm(confirmTo: string, line: string): Promise<void>;
  onConfirmed(confirmTo: string, lines: readonly string[]): void;
  /** Sends on this session from now on, and again what was sent on the one before. */
  use(session: Pick<Session, 'confirmsTo' | 'publish'>): void;
  /** Resolves when everything is confirmed, or after the time has passed. */
  settle(timeoutMs: number): Promise<void>;
  /** Rejects what is not confirmed. */
  stop(): void;
};

type Pending = { promise: Promise<void>; resolve: () => void; reject: (err: Error) => void };

/** What one subject is to be told; `pending` has all of it, by line, the oldest first. */
type Unconfirmed = { pending: Map<string, Pending>; underWay: Set<string>; retry?: NodeJS.Timeout };

/** Lines of a message; the service takes 64 KiB. */
const batchMax = 300;
/** A batch of which nothing was heard for so long is sent again. */
const retryMs = 5_000;

export function createConfirmations(): Confirmations {
  const bySubject = new Map<string, Unconfirmed>();
  let current: Pick<Session, 'confirmsTo' | 'publish'> | undefined;
  let settled = () => {};

  return {
    confirm(confirmTo, line) {
      if (current !== undefined && !current.confirmsTo.has(confirmTo)) return Promise.resolve();
      const unconfirmed = bySubject.get(confirmTo) ?? { pending: new Map(), underWay: new Set() };
      bySubject.set(confirmTo, unconfirmed);
      const already = unconfirmed.pending.get(line);
      if (already !== undefined) return already.promise;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      // Whoever does not await it is not to be ended by it.
      promise.catch(() => {});
      unconfirmed.pending.set(line, { promise, resolve, reject });
      if (unconfirmed.underWay.size === 0) queueMicrotask(() => send(confirmTo, unconfirmed));
      return promise;
    },
    onConfirmed(confirmTo, lines) {
      const unconfirmed = bySubject.get(confirmTo);
      if (unconfirmed === undefined) return;
      for (const line of lines) {
        unconfirmed.pending.get(line)?.resolve();
        unconfirmed.pending.delete(line);
        unconfirmed.underWay.delete(line);
      }
      if (unconfirmed.underWay.size === 0) send(confirmTo, unconfirmed);
      forgetEmpty(confirmTo, unconfirmed);
    },
    use(session) {
      current = session;
      for (const [confirmTo, unconfirmed] of bySubject) {
        if (session.confirmsTo.has(confirmTo)) {
          sendAgain(confirmTo, unconfirmed);
          continue;
        }
        for (const { resolve } of unconfirmed.pending.values()) resolve();
        unconfirmed.pending.clear();
        forgetEmpty(confirmTo, unconfirmed);
      }
    },
    async settle(timeoutMs) {
      if (bySubject.size === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      settled = resolve;
      const timer = setTimeout(resolve, timeoutMs);
      await promise;
      clearTimeout(timer);
    },
    stop() {
      for (const { pending, retry } of bySubject.values()) {
        clearTimeout(retry);
        for (const { reject } of pending.values()) {
          reject(new Error('The subscription was closed before it was confirmed.'));
        }
      }
      bySubject.clear();
    },
  };

  function forgetEmpty(confirmTo: string, { pending, retry }: Unconfirmed): void {
    if (pending.size > 0) return;
    clearTimeout(retry);
    bySubject.delete(confirmTo);
    if (bySubject.size === 0) settled();
  }

  function sendAgain(confirmTo: string, unconfirmed: Unconfirmed): void {
    unconfirmed.underWay.clear();
    send(confirmTo, unconfirmed);
  }

  function send(confirmTo: string, unconfirmed: Unconfirmed): void {
    const { pending, underWay } = unconfirmed;
    if (current === undefined || underWay.size > 0 || pending.size === 0) return;
    clearTimeout(unconfirmed.retry);
    for (const line of pending.keys()) {
      if (underWay.size === batchMax) break;
      underWay.add(line);
    }
    unconfirmed.retry = setTimeout(() => sendAgain(confirmTo, unconfirmed), retryMs);
    try {
      current.publish(confirmTo, [...underWay].join('\n'));
    } catch {
      // The session has just ended. The next one sends it again.
    }
  }
}
