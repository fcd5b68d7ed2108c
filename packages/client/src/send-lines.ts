import { createBell } from './bell.ts';
import type { BulkOutcome, ReadyLine } from './bulk-line.ts';
import { type BulkProgress, createProgressCounter } from './bulk-progress.ts';
import { createLineOrder } from './line-order.ts';
import { startUploads, type Uploads } from './uploads.ts';

export type BulkOptions = {
  /** Of the service. */
  url: string;
  /** A valid access token of a service owner. Asked for at each upload, every few seconds. */
  token: () => string | Promise<string>;
  /** Ends a line when it is accepted. Its operation tells what becomes of it. */
  respondAsync?: boolean | undefined;
  /** Uploads at a time, each on a connection of its own. */
  connections?: number | undefined;
  /**
   * How many lines of one dialog may be under way at once. With 1, each leaves when the one before has ended, and they are
   * never applied in another order than they came in. With more, a dialog of very many lines is written faster; but when
   * the service cannot take a line for the moment, lines behind it may be applied before it.
   */
  perDialogMax?: number | undefined;
  /** Lines read and not yet handed over with their result, and the characters in them: what bounds the memory. */
  linesInHandMax?: number | undefined;
  charactersInHandMax?: number | undefined;
  /** How often a line is sent, and how often in a row a connection may fail. */
  triesMax?: number | undefined;
  /** A connection on which nothing moves for so long is given up. */
  silenceMaxMs?: number | undefined;
  /** Number of lines, where it is known: for the time that is left. */
  total?: number | undefined;
  /** Told twice a second how far it is, and at the end. */
  onProgress?: ((progress: BulkProgress) => void) | undefined;
  /** Told of what interrupts the writing. It goes on by itself. */
  onInterruption?: ((err: unknown) => void) | undefined;
  /** Ends the writing at once, with its reason. What is under way may be applied or not. */
  signal?: AbortSignal | undefined;
};

export type BulkResult<Input> = {
  input: Input;
  /** Counts the lines of the source from 0. */
  index: number;
  /**
   * `applied`; `accepted`: durable, its operation tells how it ends (with `respondAsync`, or when all tries did not see the
   * end); `refused`: not applied, and the outcome has the problem; `unknown`: no end after all tries. That one may have
   * been applied: send it again under the same key only.
   */
  result: 'applied' | 'accepted' | 'refused' | 'unknown';
  /** What the service said last; undefined if nothing. */
  outcome: BulkOutcome | undefined;
  idempotentKey: string | undefined;
};

/** Results as they come, for one loop. Leaving the loop ends the writing at once. */
export type BulkWrite<Input> = AsyncIterable<BulkResult<Input>> & {
  /** Reads no more lines. The loop ends when those that were read have ended. */
  stop(): void;
  progress(): BulkProgress;
};

const progressMs = 500;

/** What `writeInBulk` does, for lines that are text already. */
export function sendLines<Input>(
  source: AsyncIterable<ReadyLine<Input>> | Iterable<ReadyLine<Input>>,
  options: BulkOptions,
): BulkWrite<Input> {
  const { linesInHandMax = 2_048, charactersInHandMax = 64 * 1024 * 1024, connections = 2 } = options;
  const order = createLineOrder<ReadyLine<Input>>(options.perDialogMax ?? 1);
  const counter = createProgressCounter(options.total, () => performance.now());
  let isStopped = false;
  /** There is room for more lines; there is something to hand over. */
  const room = createBell();
  const news = createBell();

  let results: { result: BulkResult<Input>; characters: number }[] = [];
  let linesInHand = 0;
  let charactersInHand = 0;
  let unended = 0;
  let sourceEnd: { err?: unknown } | undefined;
  let failure: { err: unknown } | undefined;

  return { [Symbol.asyncIterator]: write, stop, progress: counter.read };

  async function* write(): AsyncGenerator<BulkResult<Input>, undefined> {
    const { signal, onProgress } = options;
    const uploads = startUploads({
      ...{ order, connections, onFailure: fail },
      url: options.url,
      token: options.token,
      respondAsync: options.respondAsync ?? false,
      underWayMax: Math.ceil(linesInHandMax / connections),
      triesMax: options.triesMax ?? 20,
      silenceMaxMs: options.silenceMaxMs ?? 60_000,
      onEnded({ index, line }, { outcome, unknown, sentOnce }) {
        const result = unknown ? 'unknown' : resultOf(outcome);
        const { input, idempotentKey, text } = line;
        results.push({ result: { input, index, result, outcome, idempotentKey }, characters: text.length });
        const isDone = result === 'applied' || result === 'accepted';
        counter.ended({ failed: !isDone, repeated: sentOnce && outcome?.repeated === true });
        unended -= 1;
        news.ring();
      },
      onRetried: counter.retried,
      onInterruption: (err) => options.onInterruption?.(err),
    });
    const abort = () => fail(signal?.reason);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted === true) abort();
    const telling = setInterval(() => onProgress?.(counter.read()), progressMs);
    void readSource(uploads);
    try {
      for (;;) {
        const ended = results;
        results = [];
        for (const { result, characters } of ended) {
          yield result;
          linesInHand -= 1;
          charactersInHand -= characters;
          room.ring();
        }
        if (results.length > 0) continue;
        if (failure !== undefined) throw failure.err;
        if (sourceEnd !== undefined && unended === 0) break;
        await news.rung();
      }
      if ('err' in sourceEnd) throw sourceEnd.err;
      return undefined;
    } finally {
      stop();
      uploads.close();
      clearInterval(telling);
      signal?.removeEventListener('abort', abort);
      onProgress?.(counter.read());
    }

    function fail(err: unknown): void {
      failure ??= { err };
      uploads.close();
      news.ring();
    }
  }

  function stop(): void {
    isStopped = true;
    // Not when the source has come to its next line: it may be waiting for something itself.
    sourceEnd ??= {};
    room.ring();
    news.ring();
  }

  async function readSource(uploads: Uploads): Promise<void> {
    const lines = iteratorOf(source);
    try {
      while (!isStopped) {
        if (linesInHand >= linesInHandMax || charactersInHand >= charactersInHandMax) {
          await room.rung();
          continue;
        }
        const next = await lines.next();
        if (next.done === true || isStopped) break;
        linesInHand += 1;
        charactersInHand += next.value.text.length;
        unended += 1;
        order.add(next.value, next.value.dialogId);
        uploads.wake();
      }
      if (isStopped) await lines.return?.();
      sourceEnd ??= {};
    } catch (err) {
      sourceEnd ??= { err };
    }
    news.ring();
  }
}

function resultOf(outcome: BulkOutcome | undefined): 'applied' | 'accepted' | 'refused' {
  if (outcome?.status === 202) return 'accepted';
  return outcome !== undefined && outcome.status < 300 ? 'applied' : 'refused';
}

function iteratorOf<T>(source: AsyncIterable<T> | Iterable<T>): AsyncIterator<T> | Iterator<T> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}
