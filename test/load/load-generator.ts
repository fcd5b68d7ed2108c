/**
 * Sends one kind of request for a while and prints what came back, as JSON: a process of its own, so that generating
 * load does not take time from what is measured. autocannon is the kept generator that speaks to Node without a
 * second toolchain and reports every single response; for fixed rates see paced.ts.
 *
 * Started by the bench with one argument, the JSON of a LoadRequest; see `generateLoad`.
 */
import autocannon, { type Request as AutocannonRequest, type Options, type Result } from 'autocannon';
import { z } from 'zod';
import { manyParties } from './organisations.ts';
import { paced } from './paced.ts';
import { quantileOf } from './statistics.ts';
import { taxpayer } from './tax-return.ts';
import { upload } from './upload.ts';

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
  /** For each answer, these requests to what it created: to the url with the id of the answer and this behind it. */
  followUps: z.array(z.object({ path: z.string(), body: z.string() })).default([]),
  /** The body is a line, sent again and again in one request for each connection. An answer is a line, too. */
  lines: z.boolean().default(false),
  /** Whether each request is about another party than the one before, in place of the taxpayer that the body names. */
  ofManyParties: z.boolean().default(false),
  /** The same load before, on another url, which leaves everything warm and does not count. */
  warmUp: z.object({ url: z.string(), requests: z.number().int().positive() }).optional(),
});
export type LoadRequest = z.input<typeof loadRequest>;

export const loadResult = z.object({
  /** Answers by status; `0` stands for requests without an answer. */
  statuses: z.record(z.string(), z.number()),
  perSecond: z.number(),
  latencyMs: z.object({ p50: z.number(), p95: z.number(), p99: z.number(), max: z.number() }),
  /** Milliseconds from the start to each answer, and its latency, in the order of the answers. */
  answers: z.array(z.tuple([z.number(), z.number()])),
  /** CPU seconds a second of the generator. Near one, it is the bottleneck itself: it has one thread. */
  generatorCores: z.number(),
});
export type LoadResult = z.infer<typeof loadResult>;

type Request = z.infer<typeof loadRequest>;

async function run(request: Request): Promise<LoadResult> {
  const { warmUp } = request;
  if (warmUp !== undefined) await cannonade({ ...request, ...warmUp, seconds: undefined }, () => undefined);
  const statuses: Record<string, number> = {};
  const answers: [number, number][] = [];
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  const record = (status: number, latencyMs: number) => {
    statuses[status] = (statuses[status] ?? 0) + 1;
    answers.push([performance.now() - startedAt, latencyMs]);
  };
  await send(request, record);
  if (answers.length === 0) throw new Error('Not one answer came in time.');
  const { user, system } = process.cpuUsage(cpuBefore);
  const elapsedMs = answers.at(-1)?.[0] ?? Number.NaN;
  const sorted = answers.map(([, latencyMs]) => latencyMs).sort((a, b) => a - b);
  const quantile = (q: number) => quantileOf(sorted, q);
  return {
    statuses,
    perSecond: answers.length / (elapsedMs / 1000),
    latencyMs: { p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99), max: quantile(1) },
    answers,
    generatorCores: (user + system) / 1000 / elapsedMs,
  };
}

type OnAnswer = (status: number, latencyMs: number) => void;

async function send(request: Request, record: OnAnswer): Promise<void> {
  const { rate, lines, body = '', seconds = 10 } = request;
  if (lines) await upload({ ...request, body, seconds }, record);
  else if (rate !== undefined) await paced({ ...request, body, rate, seconds }, record);
  else await cannonade(request, record);
}

async function cannonade(request: Request, record: OnAnswer): Promise<void> {
  const { url, method, headers, body, connections, seconds, requests, followUps, ofManyParties } = request;
  const finished = Promise.withResolvers<Result>();
  const options: Options = {
    ...{ url, method, headers, connections, timeout: 30 },
    ...(body !== undefined && { body }),
    ...(requests === undefined ? { duration: seconds ?? 10 } : { amount: requests }),
    ...(followUps.length > 0 && { requests: chain(new URL(url).pathname, body, followUps) }),
    ...(ofManyParties && { requests: [ofAnotherParty(body ?? '')] }),
  };
  const instance = autocannon(options, (err: Error | null, result) => {
    if (err === null) finished.resolve(result);
    else finished.reject(err);
  });
  instance.on('response', (_client, status, _bytes, latencyMs) => record(status, latencyMs));
  const { errors } = await finished.promise;
  for (let error = 0; error < errors; error += 1) record(0, 0);
  // When the time is up autocannon hangs up, and what it had asked for is still worked on. One more answer, behind all
  // those, and the next measurement has the machine to itself.
  if (requests === undefined) await (await fetch(url, { method, headers, body: body ?? null })).arrayBuffer();
}

/** What each connection sends in turn: something is created, and what follows goes to that. */
function chain(path: string, body: string | undefined, followUps: Request['followUps']): AutocannonRequest[] {
  const context = z.object({ id: z.string() });
  return [
    {
      ...(body !== undefined && { body }),
      onResponse: (_status, answer, of) => Object.assign(of, { id: JSON.parse(answer) }),
    },
    ...followUps.map(
      (followUp): AutocannonRequest => ({
        setupRequest: (request, of) => ({
          ...request,
          ...{ method: 'POST', path: `${path}/${context.parse(of).id}${followUp.path}`, body: followUp.body },
        }),
      }),
    ),
  ];
}

function ofAnotherParty(body: string): AutocannonRequest {
  const parties = manyParties();
  const [before = '', after = ''] = body.split(taxpayer);
  // Not next to each other, and other ones in each run: whoever is close to another shares pages of an index with it.
  let turn = Math.floor(Math.random() * parties.length);
  return {
    setupRequest: (request) => {
      turn = (turn + 7_919) % parties.length;
      return { ...request, body: `${before}${parties[turn]}${after}` };
    },
  };
}

if (import.meta.main) {
  const request = loadRequest.parse(JSON.parse(process.argv[2] ?? '{}'));
  process.stdout.write(JSON.stringify(await run(request)));
}
