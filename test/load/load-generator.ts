/**
 * Sends one kind of request for a while and prints what came back, as JSON: a process of its own, so that generating
 * load does not take time from what is measured. autocannon is the kept generator that speaks to Node without a
 * second toolchain and reports every single response; for fixed rates see paced.ts.
 *
 * Started by the bench with one argument, the JSON of a LoadRequest; see `generateLoad`.
 */
import autocannon, { type Options, type Result } from 'autocannon';
import { z } from 'zod';
import { paced } from './paced.ts';

export const loadRequest = z.object({
  url: z.string(),
  method: z.enum(['POST', 'GET']),
  headers: z.record(z.string(), z.string()),
  body: z.string().optional(),
  connections: z.number().int().positive(),
  /** Either for some seconds or for a number of requests. */
  seconds: z.number().positive().optional(),
  requests: z.number().int().positive().optional(),
  /** Requests a second over all connections; as fast as it goes when absent. */
  rate: z.number().int().positive().optional(),
});
export type LoadRequest = z.input<typeof loadRequest>;

export const loadResult = z.object({
  /** Answers by status; `0` stands for requests without an answer. */
  statuses: z.record(z.string(), z.number()),
  perSecond: z.number(),
  latencyMs: z.object({ p50: z.number(), p95: z.number(), p99: z.number(), max: z.number() }),
  /** Milliseconds from the start to each answer, and its latency, in the order of the answers. */
  answers: z.array(z.tuple([z.number(), z.number()])),
});
export type LoadResult = z.infer<typeof loadResult>;

async function run(request: z.infer<typeof loadRequest>): Promise<LoadResult> {
  const { url, method, headers, body, connections, seconds, requests, rate } = request;
  const statuses: Record<string, number> = {};
  const answers: [number, number][] = [];
  const startedAt = performance.now();
  const record = (status: number, latencyMs: number) => {
    statuses[status] = (statuses[status] ?? 0) + 1;
    answers.push([performance.now() - startedAt, latencyMs]);
  };
  if (rate !== undefined) {
    await paced({ url, method, headers, body: body ?? '', connections, rate, seconds: seconds ?? 10 }, record);
    return summary(statuses, answers);
  }

  const finished = Promise.withResolvers<Result>();
  const options: Options = {
    ...{ url, method, headers, connections, timeout: 30 },
    ...(body !== undefined && { body }),
    ...(requests === undefined ? { duration: seconds ?? 10 } : { amount: requests }),
  };
  const instance = autocannon(options, (err: Error | null, result) => {
    if (err === null) finished.resolve(result);
    else finished.reject(err);
  });
  instance.on('response', (_client, status, _bytes, latencyMs) => record(status, latencyMs));
  const { errors } = await finished.promise;
  if (errors > 0) statuses['0'] = errors;

  return summary(statuses, answers);
}

function summary(statuses: LoadResult['statuses'], answers: LoadResult['answers']): LoadResult {
  const elapsedMs = answers.at(-1)?.[0] ?? Number.NaN;
  const sorted = answers.map(([, latencyMs]) => latencyMs).sort((a, b) => a - b);
  const quantile = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
  return {
    statuses,
    perSecond: answers.length / (elapsedMs / 1000),
    latencyMs: { p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99), max: quantile(1) },
    answers,
  };
}

if (import.meta.main) {
  const request = loadRequest.parse(JSON.parse(process.argv[2] ?? '{}'));
  process.stdout.write(JSON.stringify(await run(request)));
}
