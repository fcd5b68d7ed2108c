import { once } from 'node:events';
import { Agent, request as send } from 'node:http';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';

type Upload = {
  url: string;
  method: string;
  headers: Record<string, string>;
  /** One line of NDJSON. */
  body: string;
  /** Requests that are sent at the same time, on a connection each. */
  connections: number;
  seconds: number;
};

/** Lines of one write: a chunk for each line would cost the generator more than its share. */
const blockLines = 16;
const outcome = z.object({ line: z.number(), status: z.number() });

/**
 * Sends a line again and again in endless requests, as fast as they are taken, and reports the outcome of each line and
 * the time from its sending. autocannon sends whole bodies, and awaits an answer before the next.
 */
export async function upload(
  { url, method, headers, body, connections, seconds }: Upload,
  onOutcome: (status: number, latencyMs: number) => void,
): Promise<void> {
  const agent = new Agent({ maxSockets: connections });
  const block = Buffer.from(`${body}\n`.repeat(blockLines));
  const until = performance.now() + seconds * 1_000;
  await Promise.all(Array.from({ length: connections }, one));
  agent.destroy();

  async function one(): Promise<void> {
    const blockSentAt: number[] = [];
    function* blocks() {
      while (performance.now() < until) {
        blockSentAt.push(performance.now());
        yield block;
      }
    }
    const outgoing = send(url, { method, headers, agent });
    const [[response]] = await Promise.all([
      once(outgoing, 'response').then(async ([incoming]) => {
        await read(incoming, blockSentAt);
        return [incoming];
      }),
      pipeline(Readable.from(blocks(), { highWaterMark: 1 }), outgoing),
    ]);
    if (response.statusCode !== 200) onOutcome(response.statusCode, 0);
  }

  async function read(response: Readable, blockSentAt: readonly number[]): Promise<void> {
    for await (const text of createInterface({ input: response })) {
      const { line, status } = outcome.parse(JSON.parse(text));
      onOutcome(status, performance.now() - (blockSentAt[Math.floor((line - 1) / blockLines)] ?? 0));
    }
  }
}
