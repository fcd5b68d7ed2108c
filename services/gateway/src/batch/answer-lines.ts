import { type BatchLine, type BatchOutcome, readBatchLine } from '@dialog/contracts/batch-line';
import type { Operation } from '@dialog/contracts/operation';
import { type Problem, problemOf } from '@dialog/contracts/problem';
import { LaneUnavailable } from '@dialog/lanes/faults';
import type { Lanes } from '@dialog/lanes/submit';
import type { Caller, ChangeDeps, Prepared, Success } from '../changes/change.ts';
import { parseJson, tooLarge } from '../read-json.ts';
import { idIn } from '../request-parameters.ts';
import { type Allowance, createAllowance } from './allowance.ts';
import { createInOrder, type Turn } from './in-order.ts';
import { dialogOf, prepareLine } from './line-change.ts';
import { openOutcomeStream } from './outcome-stream.ts';
import { createLineSplitter, type Line } from './read-lines.ts';

export type BatchSettings = {
  /** Lines of one request that are read and whose outcome nobody has taken, and their bytes. */
  batchLinesMax: number;
  batchBytesMax: number;
  batchLineBytesMax: number;
  /** Lines of one request that wait for what other systems tell of what they name. */
  batchLookupsMax: number;
  /** How soon lines are tried again that their lanes did not take, in milliseconds. */
  batchRetryMs: number;
  /** How long lines are tried again while no lane is available, in milliseconds. */
  batchUnavailableMsMax: number;
  /** How long a caller may neither send lines nor take outcomes, in milliseconds. */
  batchIdleMs: number;
};

/** Why no more lines are read. */
type End = 'complete' | 'caller-gone' | 'caller-idle' | 'unreadable' | 'stopping';

/** How a batch went: how many outcomes there were of each status. */
export type BatchSummary = { end: End; linesCount: number; statuses: Record<number, number> };

export type BatchDeps = ChangeDeps & {
  lanes: Pick<Lanes, 'submit'>;
  limits: BatchSettings;
  /** Lines that are read and have not ended, of all batches together. */
  total: Allowance;
  /** What a fault in the way of a line is told as. */
  problemOfFault: (fault: unknown) => Problem;
  /** The process is about to stop. */
  closing: AbortSignal;
};

/** How long a caller may take for the last outcomes when the process is about to stop, in milliseconds. */
const lastOutcomesMs = 2_000;

const stopping = 'The service is stopping. Neither this line nor those after it were taken; send them again.';
const unreadable = 'From this line on the body could not be read.';

/**
 * Answers lines while they come: a stream of their outcomes, as they end. No more lines are read than may be in hand at a
 * time, and one whose outcome has not been taken is in hand: a caller that takes no outcomes is not read any more.
 *
 * A caller that goes is forgotten, but not what lanes have taken for it. When the process is about to stop, lines in hand
 * are brought to their end, and a last outcome with 503 says with which line reading stopped.
 *
 * @param waitMs how long the outcome of each line is waited for; 0 answers when it is accepted
 * @param cut ends the connection of a caller that is idle
 */
export function answerLines(
  deps: BatchDeps,
  caller: Caller,
  body: ReadableStream<Uint8Array> | null,
  { waitMs, cut, onEnd }: { waitMs: number; cut: () => void; onEnd: (summary: BatchSummary) => void },
): ReadableStream<Uint8Array> {
  const { total, limits, closing } = deps;
  const { batchRetryMs: retryMs, batchUnavailableMsMax: unavailableMsMax } = limits;
  const own = createAllowance({ linesMax: limits.batchLinesMax, bytesMax: limits.batchBytesMax });
  const inOrder = createInOrder(deps.lanes, { waitMs, retryMs, unavailableMsMax });
  const splitter = createLineSplitter({ lineBytesMax: limits.batchLineBytesMax });
  const reader = body?.getReader();
  const statuses: Record<number, number> = {};
  let end: End | undefined;
  let linesCount = 0;
  let openCount = 0;
  let lookupsCount = 0;
  let activeAt = performance.now();
  let stopRead = () => {};
  let afterLookup = () => {};
  let afterLine = () => {};
  let ended = false;

  const outcomes = openOutcomeStream({
    onAdded: (bytes) => own.change(bytes),
    onTaken(lines, bytes) {
      activeAt = performance.now();
      own.give(lines, bytes);
      closeWhenTaken();
    },
    onGone() {
      stop('caller-gone');
      // Nothing is missing of a body that nobody sends any more; where somebody does, this tells.
      reader?.cancel().catch(() => {});
    },
  });
  const idleCheck = setInterval(cutIdle, Math.ceil(limits.batchIdleMs / 4));
  const onClosing = () => stop('stopping');
  closing.addEventListener('abort', onClosing);
  void answerAll();
  return outcomes.body;

  async function answerAll(): Promise<void> {
    try {
      for (let chunk = await nextChunk(); chunk !== undefined; chunk = await nextChunk()) {
        await takeLines(splitter.split(chunk));
      }
      await takeLines(splitter.rest());
      end ??= 'complete';
    } catch {
      // The connection broke, or what came is not compressed as it says.
      end ??= 'unreadable';
    }
    while (openCount > 0) {
      await new Promise<void>((resolve) => {
        afterLine = resolve;
      });
    }
    if (end === 'stopping') addLast(problemOf(503, undefined, stopping));
    if (end === 'unreadable') addLast(problemOf(400, undefined, unreadable));
    if (end === 'stopping') setTimeout(cut, lastOutcomesMs).unref();
    ended = true;
    outcomes.end();
    closeWhenTaken();
  }

  function closeWhenTaken(): void {
    if (!ended || end === undefined || outcomes.waitingCount() > 0) return;
    clearInterval(idleCheck);
    closing.removeEventListener('abort', onClosing);
    onEnd({ end, linesCount, statuses });
  }

  /** No more lines are read, and none is tried again. */
  function stop(reason: End): void {
    end ??= reason;
    stopRead();
    inOrder.giveUp();
  }

  async function nextChunk(): Promise<Uint8Array | undefined> {
    if (reader === undefined || end !== undefined) return undefined;
    const chunk = await new Promise<Uint8Array | undefined>((resolve, reject) => {
      stopRead = () => resolve(undefined);
      reader.read().then(({ value }) => resolve(value), reject);
    });
    activeAt = performance.now();
    return chunk;
  }

  async function takeLines(lines: readonly Line[]): Promise<void> {
    for (const line of lines) {
      if (end !== undefined) return;
      const bytes = line.bytes?.length ?? 0;
      // Waiting where there is room would cost each line turns of the event loop.
      const room = own.take(bytes);
      if (room !== undefined) {
        await new Promise<void>((resolve) => {
          stopRead = resolve;
          void room.then(resolve);
        });
      }
      if (end !== undefined) return;
      const roomOfAll = total.take(bytes);
      if (roomOfAll !== undefined) await roomOfAll;
      if (lookupsCount >= limits.batchLookupsMax) {
        await new Promise<void>((resolve) => {
          afterLookup = resolve;
        });
      }
      if (end !== undefined) return total.give(1, bytes);
      linesCount = line.number;
      openCount += 1;
      void answer(outcomeOf(line), bytes);
    }
  }

  async function answer(coming: Promise<BatchOutcome>, bytes: number): Promise<void> {
    const outcome = await coming;
    openCount -= 1;
    total.give(1, bytes);
    own.change(-bytes);
    add(outcome);
    afterLine();
  }

  function add(outcome: BatchOutcome): void {
    statuses[outcome.status] = (statuses[outcome.status] ?? 0) + 1;
    outcomes.add(outcome);
  }

  /** Of no line that was taken. */
  function addLast(problem: Problem): void {
    void own.take(0);
    add({ line: linesCount + 1, status: problem.status, problem });
  }

  /** Up to its place among the lines of its dialog, this is done before the next line is looked at. */
  async function outcomeOf({ number, bytes }: Line): Promise<BatchOutcome> {
    if (bytes === undefined) return refused({ line: number }, tooLarge(limits.batchLineBytesMax));
    const json = parseJson(bytes);
    if (!json.ok) return refused({ line: number }, json.problem);
    const read = readBatchLine(json.value);
    if (!read.ok) return refused({ line: number }, problemOf(400, read.errors));
    return answerRead(number, read.value);
  }

  async function answerRead(number: number, line: BatchLine): Promise<BatchOutcome> {
    const dialogId = dialogOf(line);
    const known = idIn('dialogId', dialogId ?? '');
    const about = { line: number, kind: line.kind, ...(known.ok && { dialogId: known.value }) };
    const turn = inOrder.enter(number, dialogId);
    const prepared = await prepare(line).catch((fault: unknown) => ({
      ok: false as const,
      problem: deps.problemOfFault(fault),
    }));
    if (!prepared.ok) {
      turn.leave();
      return refused(about, prepared.problem);
    }
    return answerPrepared(about, turn, prepared);
  }

  async function answerPrepared(
    about: About,
    turn: Turn,
    { command, success }: Prepared & { ok: true },
  ): Promise<BatchOutcome> {
    try {
      return outcomeOfEnded(about, await turn.submit(command), success);
    } catch (fault) {
      const inDoubt = fault instanceof LaneUnavailable && fault.inDoubt;
      const { dialogId: id } = command;
      return refused(
        { ...about, dialogId: id, ...(inDoubt && { operationId: command.id }) },
        deps.problemOfFault(fault),
      );
    }
  }

  async function prepare(line: BatchLine) {
    lookupsCount += 1;
    try {
      return await prepareLine(deps, caller, line);
    } finally {
      lookupsCount -= 1;
      afterLookup();
    }
  }

  function cutIdle(): void {
    const waitsForCaller = outcomes.waitingCount() > 0 || openCount === 0;
    if (!waitsForCaller || performance.now() - activeAt < limits.batchIdleMs) return;
    stop('caller-idle');
    cut();
  }
}

type About = Pick<BatchOutcome, 'line' | 'kind' | 'dialogId' | 'operationId'>;

function refused(about: About, problem: Problem): BatchOutcome {
  return { ...about, status: problem.status, problem };
}

function outcomeOfEnded(about: About, operation: Operation, success: Success): BatchOutcome {
  const { id: operationId, dialogId, revision, createdId } = operation;
  const known = { ...about, dialogId };
  switch (operation.status) {
    case 'Queued':
      return { ...known, status: 202, operationId };
    case 'Applied': {
      if (operation.repeated === true) {
        return { ...known, status: 200, ...(createdId && { id: createdId }), revision, repeated: true };
      }
      const { status } = success;
      const id = about.kind !== 'CreateDialog' && success.status === 201 ? { id: success.id } : undefined;
      return { ...known, status, ...id, revision };
    }
    case 'Rejected':
      return refused(known, operation.problem ?? problemOf(500));
    case 'Failed':
      return refused({ ...known, operationId }, operation.problem ?? problemOf(500));
  }
}
