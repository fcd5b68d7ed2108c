import { createReadStream } from 'node:fs';
import path from 'node:path';
import type { IngestArguments } from './ingest-arguments.ts';
import { openLineFiles } from './line-files.ts';
import { numberedLines } from './numbered-lines.ts';
import { createProgressLine, summaryOf } from './progress-line.ts';
import { readyText, type TextLine } from './ready-text.ts';
import { type BulkResult, type BulkWrite, sendLines } from './send-lines.ts';

/** How the writing of a file has ended. */
export type Ingested = { allApplied: boolean; ended: number; err?: unknown };

/** Writes what the lines of a file say, and tells how that went. */
export async function ingestFile(
  file: string,
  args: IngestArguments,
  { signal, onBegun }: { signal: AbortSignal; onBegun: (write: BulkWrite<TextLine>) => void },
): Promise<Ingested> {
  const isInput = file === '-';
  const { startAt, kind, name = isInput ? '-' : path.basename(file) } = args;
  const failedFile = args.failed ?? (isInput ? 'ingest.failed.ndjson' : `${file}.failed.ndjson`);
  const total = isInput ? undefined : await countLines(file, startAt);

  // What failed before the line that it goes on with still has to be corrected.
  const files = openLineFiles({ keep: startAt > 1 });
  const addFailed = files.open(failedFile);
  const addReason = files.open(failedFile.replace(/(\.ndjson)?$/, '.reasons.ndjson'));
  const addOutcome = args.outcomes === undefined ? undefined : files.open(args.outcomes);

  const counts = { applied: 0, accepted: 0, refused: 0, unknown: 0 };
  /** Numbers of lines that have been read and have not ended, in their order. */
  const open = new Set<number>();
  let nextLine = startAt;
  let allRead = false;
  let failure: { err: unknown } | undefined;

  const begunAt = performance.now();
  const line = createProgressLine(process.stderr);
  const write = sendLines(readLines(), {
    ...args,
    ...{ signal, total, onProgress: line.show },
    onInterruption: (err) => line.tell(`Interrupted, and tried again: ${messageOf(err)}`),
  });
  onBegun(write);
  try {
    for await (const result of write) {
      const { text, number: lineNumber, repeatable } = result.input;
      counts[result.result] += 1;
      if (result.result === 'refused' || result.result === 'unknown') {
        await addFailed(result.result === 'refused' ? text : repeatable);
        await addReason(outcomeLine(result));
      }
      await addOutcome?.(outcomeLine(result));
      open.delete(lineNumber);
    }
  } catch (err) {
    failure = { err };
  }
  await files.close();
  line.end();

  const failed = counts.refused + counts.unknown;
  const ended = counts.applied + counts.accepted + failed;
  const { repeated } = write.progress();
  const seconds = (performance.now() - begunAt) / 1_000;
  process.stdout.write(`${file}: ${summaryOf({ ...counts, repeated, failed, failedFile, seconds })}\n`);
  const isComplete = allRead && open.size === 0;
  if (!isComplete) {
    const [goOnAt = nextLine] = open;
    process.stdout.write(`${file}: go on with --start-at ${goOnAt}\n`);
  }
  return { allApplied: isComplete && failed === 0, ended, ...failure };

  async function* readLines() {
    const chunks: AsyncIterable<Buffer> = isInput ? process.stdin : createReadStream(file, { highWaterMark: 262_144 });
    for await (const read of numberedLines(chunks)) {
      if (read.number < startAt) continue;
      open.add(read.number);
      nextLine = read.number + 1;
      yield readyText(read, { name, kind });
    }
    allRead = true;
  }
}

async function countLines(file: string, startAt: number): Promise<number> {
  let count = 0;
  for await (const { number: lineNumber } of numberedLines(createReadStream(file))) {
    if (lineNumber >= startAt) count += 1;
  }
  return count;
}

/** With the line's number in the file instead of the one that it had in its upload. */
function outcomeLine({ input, result, outcome }: BulkResult<TextLine>): string {
  return JSON.stringify({ ...outcome, line: input.number, result });
}

export function messageOf(err: unknown): string {
  if (!(err instanceof Error)) return String(err);
  return err.cause === undefined ? err.message : `${err.message} ${messageOf(err.cause)}`;
}
