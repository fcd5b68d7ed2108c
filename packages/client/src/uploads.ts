import { backOffMs } from './back-off.ts';
import { type Bell, createBell } from './bell.ts';
import type { BulkOutcome, ReadyLine } from './bulk-line.ts';
import type { LineOrder, Placed } from './line-order.ts';
import { openUpload, type Upload, type UploadEnd } from './upload.ts';

/** Sends lines as fast as the service takes them, and again what has to be sent again. */
export type Uploads = {
  /** There may be something to send. */
  wake(): void;
  /** Ends all uploads at once, and sends nothing more. */
  close(): void;
};

type UploadsOptions<Input> = {
  order: LineOrder<ReadyLine<Input>>;
  url: string;
  token: () => string | Promise<string>;
  respondAsync: boolean;
  connections: number;
  /** Lines under way on each of them. */
  underWayMax: number;
  triesMax: number;
  silenceMaxMs: number;
  onEnded: (placed: Placed<ReadyLine<Input>>, end: LineEnd) => void;
  onRetried: () => void;
  onInterruption: (err: unknown) => void;
  /** It cannot go on. */
  onFailure: (err: unknown) => void;
};

/** `outcome` is what the service said last; `unknown`, that it was not the end. */
export type LineEnd = { outcome: BulkOutcome | undefined; unknown: boolean; sentOnce: boolean };

/** The service takes no line from this caller, and asking again would not help. */
export class BulkWriteRefused extends Error {
  override name = 'BulkWriteRefused';
  readonly status: number;
  /** The answer's body, an RFC 9457 problem as a rule. */
  readonly body: string;

  constructor(status: number, body: string) {
    super(`The upload was refused with status ${status}. ${body}`);
    this.status = status;
    this.body = body;
  }
}

/** The service could not be reached, as often as was tried. The cause tells why, the last time. */
export class BulkWriteInterrupted extends Error {
  override name = 'BulkWriteInterrupted';
}

/** An upload from before its first byte on, and what was taken for it. */
type Run<Line> = { startedAt: number; sent: (Placed<Line> | undefined)[]; underWay: number; outcomes: number };

/** A new upload begins so often: tokens expire, and a gateway that is to stop waits 20 s for requests, no longer. */
const uploadMsMax = 10_000;
/** Nothing to send for so long ends an upload. A proxy that reads the whole of a request first would never answer. */
const idleMs = 500;
/** Characters of lines that are written together. */
const writeLength = 65_536;
/** Too early, too often, something behind the gateway is away. */
const passing = [408, 425, 429, 502, 503, 504];

export function startUploads<Input>(options: UploadsOptions<Input>): Uploads {
  type Line = ReadyLine<Input>;
  const { order, underWayMax, triesMax } = options;
  const bells = Array.from({ length: options.connections }, createBell);
  const open = new Set<Upload>();
  const timers = new Set<NodeJS.Timeout>();
  /** Failed tries of lines that have had some. */
  const tries = new Map<Placed<Line>, number>();
  /** Uploads that failed one after the other, with no outcome between. */
  const outage = { failures: 0, since: 0, until: 0 };
  let unauthorizedAt: number | undefined;
  let closed = false;

  // Such as a token that cannot stand in a header.
  for (const bell of bells) keepSending(bell).catch(options.onFailure);
  return {
    wake,
    close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      for (const upload of open) upload.destroy();
      wake();
    },
  };

  function wake(): void {
    for (const bell of bells) bell.ring();
  }

  async function keepSending(bell: Bell): Promise<void> {
    while (!closed) {
      const restMs = outage.until - performance.now();
      if (restMs > 0) {
        later(restMs, bell.ring);
        await bell.rung();
        continue;
      }
      const run: Run<Line> = { startedAt: performance.now(), sent: [], underWay: 0, outcomes: 0 };
      const lines = take(run);
      if (lines === '') await bell.rung();
      else await send(run, lines, bell);
    }
  }

  /** Returns when the upload takes no more lines. Outcomes may still come, beside the next one. */
  async function send(run: Run<Line>, first: string, bell: Bell): Promise<void> {
    let token: string;
    try {
      token = await options.token();
    } catch (err) {
      over(run, { kind: 'broken', err }, false);
      return;
    }
    if (closed) return;
    const { url, respondAsync, silenceMaxMs } = options;
    const upload = openUpload({ url, token, respondAsync, silenceMaxMs, onOutcome: (outcome) => landed(run, outcome) });
    open.add(upload);
    void upload.ended.then((end) => {
      open.delete(upload);
      over(run, end, true);
      wake();
    });
    let lines = first;
    while (lines !== '') {
      await upload.write(lines);
      lines = await next(run, upload, bell);
    }
    order.close(run);
    upload.finish();
  }

  /** Lines to write next; none when the upload is to end. */
  async function next(run: Run<Line>, upload: Upload, bell: Bell): Promise<string> {
    while (upload.isOpen && performance.now() - run.startedAt < uploadMsMax) {
      const lines = take(run);
      if (lines !== '') return lines;
      if (!(await bell.rung(idleMs))) break;
    }
    return '';
  }

  function take(run: Run<Line>): string {
    let lines = '';
    while (run.underWay < underWayMax && lines.length < writeLength) {
      const placed = order.take(run);
      if (placed === undefined) break;
      run.sent.push(placed);
      run.underWay += 1;
      lines += `${placed.line.text}\n`;
    }
    return lines;
  }

  function landed(run: Run<Line>, outcome: BulkOutcome): void {
    const placed = run.sent[outcome.line - 1];
    if (placed === undefined || closed) return;
    run.sent[outcome.line - 1] = undefined;
    run.underWay -= 1;
    run.outcomes += 1;
    outage.failures = 0;
    unauthorizedAt = undefined;
    // Who waits for the end and is told that it was accepted asks once more: by then it will have been applied.
    const isPassing = passing.includes(outcome.status) || (outcome.status === 202 && !options.respondAsync);
    if (isPassing) again(placed, outcome);
    else ended(placed, outcome, false);
    wake();
  }

  /** @param reached whether lines may have arrived */
  function over(run: Run<Line>, end: UploadEnd, reached: boolean): void {
    if (closed) return;
    order.close(run);
    const left = run.sent.filter((placed) => placed !== undefined);
    for (const placed of left) {
      if (reached && end.kind !== 'refused') again(placed, undefined);
      else order.putBack(placed)();
    }
    if (end.kind === 'broken') failed(run, end.err, 0);
    else if (end.kind === 'refused') refused(run, end);
    else if (left.length > 0 && run.outcomes === 0) failed(run, new Error('The upload ended without outcomes.'), 0);
  }

  function refused(run: Run<Line>, { status, body, retryAfterMs }: Extract<UploadEnd, { kind: 'refused' }>): void {
    const refusal = new BulkWriteRefused(status, body);
    // The token may just have expired. If that was known when the next one was asked for, it was not that.
    const mayPass =
      status === 401 ? !(run.startedAt > (unauthorizedAt ?? Infinity)) : status >= 500 || passing.includes(status);
    if (!mayPass) {
      options.onFailure(refusal);
      return;
    }
    if (status === 401) unauthorizedAt = performance.now();
    failed(run, refusal, retryAfterMs);
  }

  function failed(run: Run<Line>, err: unknown, restMs: number): void {
    // Connections that break together are one failure.
    if (run.startedAt < outage.since) return;
    outage.failures += 1;
    outage.since = performance.now();
    outage.until = outage.since + Math.max(restMs, backOffMs(outage.failures, Math.random()));
    options.onInterruption(err);
    if (outage.failures < triesMax) return;
    const message = `The service could not be reached, ${triesMax} times in a row.`;
    options.onFailure(new BulkWriteInterrupted(message, { cause: err }));
  }

  /** It is sent another time, when a while has passed; without an answer, as soon as there is a connection. */
  function again(placed: Placed<Line>, outcome: BulkOutcome | undefined): void {
    const failures = (tries.get(placed) ?? 0) + 1;
    if (failures >= triesMax) {
      ended(placed, outcome, outcome?.status !== 202);
      return;
    }
    tries.set(placed, failures);
    options.onRetried();
    const goOn = order.putBack(placed);
    if (outcome === undefined) {
      goOn();
      return;
    }
    later(backOffMs(failures, Math.random()), () => {
      goOn();
      wake();
    });
  }

  function ended(placed: Placed<Line>, outcome: BulkOutcome | undefined, unknown: boolean): void {
    const sentOnce = !tries.delete(placed);
    order.end(placed);
    options.onEnded(placed, { outcome, unknown, sentOnce });
  }

  function later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, ms);
    timers.add(timer);
  }
}
