import { clearLine, cursorTo } from 'node:readline';
import type { BulkProgress } from './bulk-progress.ts';

/** Shows how far something is: in one line that changes or, where that cannot be, in a line now and then. */
export type ProgressLine = {
  show(progress: BulkProgress): void;
  /** A message that stays. */
  tell(message: string): void;
  end(): void;
};

const barLength = 24;
const intervalMs = 5_000;
const number = new Intl.NumberFormat('en');

/**
 * By node:readline: users install this package, and of what a library for progress bars brings, it would use the
 * rewriting of a line.
 */
export function createProgressLine(output: NodeJS.WriteStream): ProgressLine {
  let isShown = false;
  let shownAt = performance.now();

  return {
    show(progress) {
      const text = progressText(progress);
      if (output.isTTY) {
        clear();
        output.write(text.slice(0, output.columns - 1));
        isShown = true;
      } else if (performance.now() - shownAt >= intervalMs) {
        output.write(`${text}\n`);
        shownAt = performance.now();
      }
    },
    tell(message) {
      clear();
      output.write(`${message}\n`);
    },
    end: clear,
  };

  function clear(): void {
    if (!isShown) return;
    isShown = false;
    cursorTo(output, 0);
    clearLine(output, 0);
  }
}

/** As people read it, the bar included where it is known how much there is. */
export function progressText({ done, failed, retried, linesPerSecond, total, secondsLeft }: BulkProgress): string {
  const ended = done + failed;
  const parts = [
    total === undefined
      ? `${number.format(ended)} lines`
      : `${barOf(ended / Math.max(1, total))} ${number.format(ended)} of ${number.format(total)} lines`,
    failed > 0 && `${number.format(failed)} failed`,
    retried > 0 && `${number.format(retried)} sent again`,
    `${number.format(Math.round(linesPerSecond))} lines/s`,
    secondsLeft !== undefined && ended !== total && `${durationText(secondsLeft)} left`,
  ];
  return parts.filter((part) => part !== false).join(', ');
}

/** What became of a file's lines, in a sentence. */
export function summaryOf({
  applied,
  repeated,
  accepted,
  failed,
  failedFile,
  seconds,
}: Record<'applied' | 'repeated' | 'accepted' | 'failed' | 'seconds', number> & { failedFile: string }): string {
  const lines = applied + accepted + failed;
  const parts = [
    `${number.format(applied)} applied${repeated > 0 ? ` (${number.format(repeated)} of them before)` : ''}`,
    accepted > 0 && `${number.format(accepted)} accepted (operations tell how they end)`,
    failed > 0 && `${number.format(failed)} failed (they are in ${failedFile})`,
  ];
  const told = parts.filter((part) => part !== false).join(', ');
  const rate = number.format(Math.round(lines / Math.max(seconds, 0.001)));
  return `${number.format(lines)} ${lines === 1 ? 'line' : 'lines'} in ${durationText(seconds)}, ${rate} a second: ${told}.`;
}

function barOf(part: number): string {
  const filled = Math.floor(Math.min(1, part) * barLength);
  return `[${'#'.repeat(filled)}${'-'.repeat(barLength - filled)}]`;
}

export function durationText(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
}
