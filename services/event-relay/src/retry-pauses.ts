/**
 * The pauses between the attempts at an event, in milliseconds: some short ones, then longer ones, after each of which
 * come the short ones again (platform, section 9).
 */
export function retryPauses(shortMs: readonly number[], longMs: readonly number[]): readonly number[] {
  return [...shortMs, ...longMs.flatMap((pauseMs) => [pauseMs, ...shortMs])];
}

/** What is done about an event that has failed so many times: another attempt after a pause, or none any more. */
export type AfterFailure = { kind: 'retry'; pauseMs: number } | { kind: 'park' };

/**
 * An event is parked when all pauses are used up, and the receiver has taken others since it failed first: then it is the
 * event's own fault. A receiver that takes nothing at all is away. However long that lasts, its events wait for it, at the
 * longest pause.
 *
 * @param attemptsCount how often it has failed, at least once
 */
export function afterFailure(
  pausesMs: readonly number[],
  { attemptsCount, othersDelivered }: { attemptsCount: number; othersDelivered: boolean },
): AfterFailure {
  const pauseMs = pausesMs[attemptsCount - 1];
  if (pauseMs !== undefined) return { kind: 'retry', pauseMs };
  return othersDelivered ? { kind: 'park' } : { kind: 'retry', pauseMs: Math.max(0, ...pausesMs) };
}
