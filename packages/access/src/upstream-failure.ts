/**
 * Another system did not do its part: no answer in time, an error status, an answer that makes no sense. Callers of our
 * API see 502; the cause is for the log alone.
 */
export class UpstreamFailure extends Error {
  override name = 'UpstreamFailure';
  readonly operation: string;
  /** What the other system answered with, if it answered. */
  readonly status: number | undefined;

  constructor(operation: string, reason: string, options: { status?: number; cause?: unknown } = {}) {
    super(`${operation}: ${reason}`, { cause: options.cause });
    this.operation = operation;
    this.status = options.status;
  }
}
