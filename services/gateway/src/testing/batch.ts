import { type BatchLineInput, type BatchOutcome, batchOutcome } from '@dialog/contracts/batch-line';
import { z } from 'zod';
import type { GatewayApp } from '../gateway-app.ts';

export const batchPath = '/api/v1/serviceowner/dialogs/batch';

const outcomeSchema = z.strictObject(batchOutcome.shape);

export function ndjson(lines: readonly BatchLineInput[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** The outcomes of an answer as they come; each has to be as it is described. */
export async function* outcomesOf(answer: Response): AsyncGenerator<BatchOutcome> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body ?? []) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield outcomeSchema.parse(JSON.parse(line));
  }
  if (rest !== '') throw new Error(`The answer breaks off: ${rest}`);
}

export async function allOutcomes(answer: Response): Promise<BatchOutcome[]> {
  const outcomes: BatchOutcome[] = [];
  for await (const outcome of outcomesOf(answer)) outcomes.push(outcome);
  return outcomes;
}

export type Body = string | Buffer<ArrayBuffer> | readonly BatchLineInput[];

/** Sends a batch whole, and gives its outcomes in the order of the lines. */
export async function sendBatch(app: GatewayApp, headers: Record<string, string>, body: Body): Promise<BatchOutcome[]> {
  const answer = await app.request(batchPath, {
    ...{ method: 'POST', headers: { 'Content-Type': 'application/x-ndjson', ...headers } },
    body: typeof body === 'string' || Buffer.isBuffer(body) ? body : ndjson(body),
  });
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  const outcomes = await allOutcomes(answer);
  return outcomes.toSorted((one, other) => one.line - other.line);
}
