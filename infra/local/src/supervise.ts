import { setTimeout as delay } from 'node:timers/promises';
import type { ServerHandle } from './server-process.ts';

const shortestPauseMs = 500;
const longestPauseMs = 30_000;
/** One that ran this long was healthy: its next end is a new trouble, not the old one again. */
const healthyAfterMs = 60_000;

/**
 * Starts a process again whenever it ends without being told to, after a pause that doubles while the trouble lasts.
 * Returns when `signal` is aborted; the process is then left as it is.
 */
export async function keepRunning(
  handle: ServerHandle,
  signal: AbortSignal,
  report: (line: string) => void,
): Promise<void> {
  const aborted = new Promise<'aborted'>((resolve) => {
    signal.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
  let pauseMs = shortestPauseMs;
  while (!signal.aborted) {
    const startedAt = Date.now();
    const how = await Promise.race([handle.endedUnexpectedly(), aborted]);
    if (how === 'aborted') return;
    if (Date.now() - startedAt > healthyAfterMs) pauseMs = shortestPauseMs;
    report(`${handle.name} ended unexpectedly (${how})`);
    let runs = false;
    while (!runs && !signal.aborted) {
      report(`${handle.name} is started again in ${pauseMs / 1000} s`);
      await Promise.race([delay(pauseMs), aborted]);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      if (signal.aborted) return;
      try {
        await handle.start();
        runs = true;
        report(`${handle.name} is back`);
      } catch (err) {
        if (!signal.aborted) report(err instanceof Error ? err.message : String(err));
      }
    }
  }
}
