/** How far a bulk write has come. */
export type BulkProgress = {
  /** Lines applied or, with `respondAsync`, accepted. */
  done: number;
  failed: number;
  /** Of those done: applied before this writer sent them, under the same idempotent key. */
  repeated: number;
  /** Lines that were sent another time. */
  retried: number;
  /** Over the last ten seconds. */
  linesPerSecond: number;
  total: number | undefined;
  /** Undefined while it cannot be told. */
  secondsLeft: number | undefined;
};

export type ProgressCounter = {
  ended(how: { failed: boolean; repeated: boolean }): void;
  retried(): void;
  read(): BulkProgress;
};

const windowMs = 10_000;
const sampleMs = 250;

/** @param now milliseconds of a clock that only goes forward */
export function createProgressCounter(total: number | undefined, now: () => number): ProgressCounter {
  const counts = { done: 0, failed: 0, repeated: 0, retried: 0 };
  let samples: { at: number; ended: number }[] = [{ at: now(), ended: 0 }];

  return {
    ended({ failed, repeated }) {
      if (failed) counts.failed += 1;
      else counts.done += 1;
      if (repeated) counts.repeated += 1;
    },
    retried() {
      counts.retried += 1;
    },
    read() {
      const at = now();
      const ended = counts.done + counts.failed;
      const newest = samples.at(-1);
      // One is older than the window, so that what is told covers the window.
      const from = Math.max(
        0,
        samples.findLastIndex((sample) => at - sample.at >= windowMs),
      );
      samples = samples.slice(from);
      const [oldest = { at, ended: 0 }] = samples;
      if (newest === undefined || at - newest.at >= sampleMs) samples.push({ at, ended });
      const seconds = (at - oldest.at) / 1_000;
      const linesPerSecond = seconds > 0 ? (ended - oldest.ended) / seconds : 0;
      const left = total === undefined ? undefined : Math.max(0, total - ended);
      const secondsLeft = left === 0 ? 0 : left !== undefined && linesPerSecond > 0 ? left / linesPerSecond : undefined;
      return { ...counts, linesPerSecond, total, secondsLeft };
    },
  };
}
