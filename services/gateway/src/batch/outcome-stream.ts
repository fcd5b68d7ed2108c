import type { BatchOutcome } from '@dialog/contracts/batch-line';

export type OutcomeStreamEvents = {
  /** Outcomes wait to be taken that were not there before, so many bytes more. */
  onAdded: (bytes: number) => void;
  /** The caller has taken so many outcomes, or will never take them. */
  onTaken: (outcomes: number, bytes: number) => void;
  /** The caller has left. */
  onGone: () => void;
};

/**
 * The outcomes of a batch on their way to the caller, as NDJSON. Those that have come since the caller took some go out
 * together, and nothing is made ready beyond them.
 */
export function openOutcomeStream({ onAdded, onTaken, onGone }: OutcomeStreamEvents) {
  let waiting: string[] = [];
  let waitingBytes = 0;
  let ended = false;
  let gone = false;
  let wake = () => {};

  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (waiting.length === 0 && !ended) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        if (gone) return;
        if (waiting.length > 0) controller.enqueue(Buffer.from(take()));
        else controller.close();
      },
      cancel() {
        gone = true;
        take();
        wake();
        onGone();
      },
    },
    { highWaterMark: 0 },
  );

  return {
    body,

    add(outcome: BatchOutcome): void {
      const text = `${JSON.stringify(outcome)}\n`;
      const bytes = Buffer.byteLength(text);
      waiting.push(text);
      waitingBytes += bytes;
      onAdded(bytes);
      if (gone) take();
      wake();
    },

    /** Nothing comes any more. */
    end(): void {
      ended = true;
      wake();
    },

    waitingCount: () => waiting.length,
  };

  function take(): string {
    const text = waiting.join('');
    const [count, bytes] = [waiting.length, waitingBytes];
    waiting = [];
    waitingBytes = 0;
    if (count > 0) onTaken(count, bytes);
    return text;
  }
}
