import type { Logger } from 'pino';

/** Tells of faults of something that is tried again and again: an outage is hundreds of attempts. */
export type RepeatedFaults = {
  /** Logs a warning the first time that it fails in this way; returns whether it did. */
  failed(err: unknown): boolean;
  /** What fails from now on is news again. */
  forget(): void;
};

/** @param message of the warnings, `fields` beside it */
export function reportRepeatedFaults(log: Logger, message: string, fields: object = {}): RepeatedFaults {
  let reported: string | undefined;
  return {
    failed(err) {
      const way = err instanceof Error ? err.message : String(err);
      if (way === reported) return false;
      reported = way;
      log.warn({ err, ...fields }, message);
      return true;
    },
    forget() {
      reported = undefined;
    },
  };
}
