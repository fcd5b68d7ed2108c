import type { Logger } from '@dialog/telemetry/logger';
import { TaskCancelledError, TimeoutStrategy, timeout } from 'cockatiel';
import { LRUCache } from 'lru-cache';
import { UpstreamFailure } from '../upstream-failure.ts';

export type CacheSettings = {
  /** Younger than this, a value is given out as it is. */
  freshMs: number;
  /** Older than that but younger than this, it is loaded anew, and given out if that fails or takes too long. */
  failSafeMs: number;
  /** How long a caller waits for the new value before it gets the old one, and the load goes on. Not at all by default. */
  staleWaitMs?: number;
  /** How long a caller waits when there is nothing to give out. The load goes on and fills the cache. */
  waitMs: number;
  /** After an attempt to replace a value that failed or took too long, how long nobody tries again. */
  retryAfterMs: number;
  /** How much is kept, in what `weigh` tells; entries, if it tells nothing. */
  entriesMax: number;
};

/** For what must be new each time: nothing is kept, those who ask at the same time share a load, and none waits too long. */
export const uncached = { freshMs: 0, failSafeMs: 0, entriesMax: 1 } satisfies Partial<CacheSettings>;

type Options<Value> = CacheSettings & {
  log: Logger;
  now?: () => number;
  /** How many entries a value counts for, at least one. */
  weigh?: (value: Value) => number;
};

export type FreshCache<Value> = {
  get: (key: string) => Promise<Value | undefined>;
  /** Keeps a value that came from elsewhere, as if it had just been loaded. */
  put: (key: string, value: Value) => void;
};

type Entry<Value> = { value: Value; loadedAt: number; retryAt: number };

/**
 * Values of another system by key. One load per key at a time, however many ask; a failing system is noticed only when
 * its value has not been had for `failSafeMs`. `undefined` from `load` means that there is no such value, and is not kept.
 *
 * @throws from `get`: what `load` threw, or UpstreamFailure when the wait is over
 */
export function createFreshCache<Value>(
  name: string,
  load: (key: string) => Promise<Value | undefined>,
  { log, now = () => performance.now(), weigh = () => 1, ...settings }: Options<Value>,
): FreshCache<Value> {
  const { freshMs, failSafeMs, staleWaitMs = 0, waitMs, retryAfterMs, entriesMax } = settings;
  const entries = new LRUCache<string, Entry<Value>>({
    maxSize: entriesMax,
    sizeCalculation: ({ value }) => weigh(value),
  });
  const loading = new Map<string, Promise<Value | undefined>>();
  const patience = timeout(waitMs, TimeoutStrategy.Aggressive);
  const stalePatience = timeout(staleWaitMs, TimeoutStrategy.Aggressive);

  return {
    async get(key) {
      const entry = entries.get(key);
      if (entry !== undefined) {
        const ageMs = now() - entry.loadedAt;
        if (ageMs < freshMs) return entry.value;
        if (ageMs < failSafeMs) {
          if (now() < entry.retryAt) return entry.value;
          const refreshed = refresh(key, entry);
          return staleWaitMs === 0 ? entry.value : newOrStale(refreshed, entry);
        }
      }
      try {
        return await patience.execute(() => loadOnce(key));
      } catch (err) {
        if (!(err instanceof TaskCancelledError)) throw err;
        throw new UpstreamFailure(name, `no answer within ${waitMs} ms`, { cause: err });
      }
    },
    put: keep,
  };

  /** The new value, or the old one when there is none to be had. Never rejects. */
  async function refresh(key: string, entry: Entry<Value>): Promise<Value | undefined> {
    try {
      return await loadOnce(key);
    } catch (err) {
      entry.retryAt = now() + retryAfterMs;
      log.warn({ err, cache: name, ageMs: Math.round(now() - entry.loadedAt) }, 'cached value not refreshed');
      return entry.value;
    }
  }

  async function newOrStale(refreshed: Promise<Value | undefined>, entry: Entry<Value>): Promise<Value | undefined> {
    try {
      return await stalePatience.execute(() => refreshed);
    } catch (err) {
      if (!(err instanceof TaskCancelledError)) throw err;
      // One caller has waited in vain; those who come while the load goes on need not.
      entry.retryAt = now() + retryAfterMs;
      return entry.value;
    }
  }

  function loadOnce(key: string): Promise<Value | undefined> {
    const running = loading.get(key) ?? loadAndKeep(key).finally(() => loading.delete(key));
    loading.set(key, running);
    return running;
  }

  async function loadAndKeep(key: string): Promise<Value | undefined> {
    const value = await load(key);
    if (value === undefined) entries.delete(key);
    else keep(key, value);
    return value;
  }

  function keep(key: string, value: Value): void {
    entries.set(key, { value, loadedAt: now(), retryAt: 0 });
  }
}
