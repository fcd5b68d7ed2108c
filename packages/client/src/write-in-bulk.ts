import { type BulkLine, readyLine } from './bulk-line.ts';
import { type BulkOptions, type BulkWrite, sendLines } from './send-lines.ts';

export type { BulkKind, BulkLine, BulkOutcome } from './bulk-line.ts';
export type { BulkProgress } from './bulk-progress.ts';
export type { BulkOptions, BulkResult, BulkWrite } from './send-lines.ts';
export { BulkWriteInterrupted, BulkWriteRefused } from './uploads.ts';

/**
 * Writes changes of any number of dialogs, as fast as the service takes them, and hands over how each has ended.
 *
 * Lines of one dialog are applied in the order that they come in, each once, whatever breaks meanwhile: a line that may
 * not have arrived is sent again under its `idempotentKey`, and those behind it wait. A line that is refused for good
 * does not hold up those behind it. No more is read than the service takes and the loop gets through.
 *
 * @throws BulkWriteRefused, BulkWriteInterrupted, what the source throws, or the signal's reason, from the loop, after
 *   all results that there are. Every line that has no result may have been applied or not.
 */
export function writeInBulk(
  lines: AsyncIterable<BulkLine> | Iterable<BulkLine>,
  options: BulkOptions,
): BulkWrite<BulkLine> {
  return sendLines(ready(lines), options);
}

async function* ready(lines: AsyncIterable<BulkLine> | Iterable<BulkLine>) {
  for await (const line of lines) yield readyLine(line);
}
