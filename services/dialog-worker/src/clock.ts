import { type Timestamp, timestampOf } from '@dialog/contracts/timestamp';

/**
 * The present instant, later at each call by a microsecond at least: two changes in one millisecond keep their order,
 * and a clock that is set back does not take this process back with it.
 */
export function createClock(epochMs: () => number = Date.now): () => Timestamp {
  let lastMicros = 0;
  return () => {
    lastMicros = Math.max(lastMicros + 1, Math.floor(epochMs() * 1000));
    return timestampOf(lastMicros / 1000);
  };
}
