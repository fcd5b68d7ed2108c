import { once } from 'node:events';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { type BatchLineInput, type BatchOutcome, batchOutcome } from '@dialog/contracts/batch-line';

/**
 * One batch over a connection of its own, which reads outcomes while it sends lines. (`fetch` would read them only when all
 * lines are sent.)
 */
export function openUpload(gatewayUrl: string, token: string) {
  const outcomes = new Map<number, BatchOutcome>();
  const outgoing = request(new URL('/api/v1/serviceowner/dialogs/batch', gatewayUrl), {
    ...{ method: 'POST', agent: false },
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/x-ndjson' },
  });
  const ended = read();
  ended.catch(() => {});

  return {
    /** By line. */
    outcomes,
    /** Sends a line as soon as the connection takes it. */
    async send(line: BatchLineInput): Promise<void> {
      if (!outgoing.write(`${JSON.stringify(line)}\n`)) await once(outgoing, 'drain');
    },
    /** Sends no more, and resolves with the outcomes in the order of the lines. @throws when the connection breaks */
    async end(): Promise<BatchOutcome[]> {
      outgoing.end();
      await ended;
      return [...outcomes.values()].toSorted((one, other) => one.line - other.line);
    },
    breakOff(): void {
      outgoing.destroy();
    },
  };

  async function read(): Promise<void> {
    const [answer] = await once(outgoing, 'response');
    if (answer.statusCode !== 200) throw new Error(`The batch was answered ${answer.statusCode}.`);
    for await (const text of createInterface({ input: answer })) {
      const outcome = batchOutcome.parse(JSON.parse(text));
      if (outcomes.has(outcome.line)) throw new Error(`Line ${outcome.line} has two outcomes.`);
      outcomes.set(outcome.line, outcome);
    }
  }
}
