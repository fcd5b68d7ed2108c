import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cloneDir } from '@dialog/local/settings';
import { type BenchStack, startBenchStack } from '../bench-stack.ts';
import { generateLoad } from '../generate-load.ts';
import type { LoadRequest, LoadResult } from '../load-generator.ts';
import { peakOf } from '../peak.ts';
import { cpuSecondsOf } from '../processes.ts';
import { appendToOne, createDialog, createInBatch, createWithChildren } from '../requests.ts';
import { printTable } from '../table.ts';
import { byPackage, type CpuProfile, selfTimes } from './cpu-profile.ts';
import { flameGraph } from './flame-graph.ts';
import { backends, countedStatements, countStatements, forgetStatements } from './postgres-activity.ts';
import { inspectable, openProfiler } from './profiler.ts';

const profiled = ['gateway', 'dialog-worker', 'event-relay'] as const;
const functionsShown = 25;
const packagesShown = 15;
const warmUpSeconds = 6;

/** What can be looked into, by the name of its row. */
const loads: Record<string, (stack: BenchStack) => Promise<LoadRequest>> = {
  'create-waited': async (stack) => ({ ...createDialog(stack), connections: 256 }),
  'one-caller': async (stack) => ({ ...createDialog(stack), connections: 1 }),
  mix: async (stack) => ({ ...createWithChildren(stack), connections: 256 }),
  batch: async (stack) => ({ ...createInBatch(stack), connections: 4 }),
  accept: async (stack) => ({
    ...createDialog(stack, { Prefer: 'respond-async' }),
    ...{ connections: 64, rate: Math.floor((await peakOf(stack, warmUpSeconds)) / 2) },
  }),
  'hot-dialog': async (stack) => ({ ...(await appendToOne(stack)), connections: 64 }),
};
export const profiledRows = Object.keys(loads);

/**
 * Puts load on a stack of its own and shows where the time goes: CPU time of every process for each request, functions
 * and packages of our services, statements of Postgres. Profiles and flame graphs are files.
 */
export async function profile(row: string, seconds: number): Promise<void> {
  const load = loads[row];
  if (load === undefined) throw new Error(`No load is known for ${row}.`);
  Object.assign(process.env, inspectable);
  const stack = await startBenchStack('profile');
  try {
    await countStatements(stack);
    await untilReady(stack);
    const request = await load(stack);
    await generateLoad({ ...request, seconds: warmUpSeconds });
    await stack.untilRelayed();

    const profilers = new Map(
      await Promise.all(
        profiled.map(
          async (name) => [name, await openProfiler(stack.process(name).pid ?? 0, stack.logFileOf(name))] as const,
        ),
      ),
    );
    await forgetStatements(stack);
    for (const profiler of profilers.values()) await profiler.start();
    const before = await cpuSeconds(stack);
    const result = await generateLoad({ ...request, seconds });
    const after = await cpuSeconds(stack);
    const activity = await countedStatements(stack);
    const profiles = new Map<string, CpuProfile>();
    for (const [name, profiler] of profilers) profiles.set(name, await profiler.stop());

    const requests = result.answers.length;
    printResult(row, result);
    printShares(before, after, { requests, seconds, generatorCores: result.generatorCores });
    for (const [name, one] of profiles) {
      const used = (after.get(name) ?? 0) - (before.get(name) ?? 0);
      printProfile(name, one, (used * 1e6) / requests);
    }
    printStatements(activity, requests);
    writeProfiles(row, profiles);
  } finally {
    await stack.stop();
  }
}

async function untilReady({ gatewayUrl }: BenchStack): Promise<void> {
  while (!(await fetch(`${gatewayUrl}/health/readiness`)).ok) await delay(50);
}

/** By process; Postgres by whom it works for. */
async function cpuSeconds(stack: BenchStack): Promise<Map<string, number>> {
  const names = new Map<string, string>();
  const pids = new Map<string, number>();
  const add = (name: string, pid: number) => {
    names.set(String(pid), name);
    pids.set(String(pid), pid);
  };
  for (const [name, pid] of stack.pids()) if (name !== 'postgres') add(name, pid);
  for (const [pid, name] of await backends(stack)) add(name, pid);
  const sums = new Map<string, number>();
  for (const [pid, seconds] of cpuSecondsOf(pids)) {
    const name = names.get(pid) ?? '';
    sums.set(name, (sums.get(name) ?? 0) + seconds);
  }
  return sums;
}

function printResult(row: string, { perSecond, latencyMs, statuses }: LoadResult): void {
  const { p50, p99 } = latencyMs;
  print(
    `${row}: ${perSecond.toFixed(0)}/s, p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, answers ${JSON.stringify(statuses)}\n`,
  );
}

function printShares(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  { requests, seconds, generatorCores }: { requests: number; seconds: number; generatorCores: number },
): void {
  const used = [...after].map(([name, total]) => [name, total - (before.get(name) ?? 0)] as const);
  const rows = [...used, ['load generator', generatorCores * seconds] as const]
    .filter(([, each]) => each > 0.02)
    .sort(([, a], [, b]) => b - a);
  const total = rows.reduce((sum, [, each]) => sum + each, 0);
  print('\nCPU time by process');
  printTable(
    ['process', 'cores', 'µs a request'],
    [...rows, ['all', total] as const].map(([name, each]) => [
      ...[name, (each / seconds).toFixed(2), ((each * 1e6) / requests).toFixed(0)],
    ]),
  );
}

/**
 * The profiler's clock goes on while others have the core: of its times only the shares count.
 *
 * @param cpuMicros CPU time of the process for each request
 */
function printProfile(name: string, one: CpuProfile, cpuMicros: number): void {
  const times = selfTimes(one);
  const total = times.reduce((sum, { micros }) => sum + micros, 0);
  const cells = (micros: number) => [
    ...[`${((100 * micros) / total).toFixed(1)} %`, ((cpuMicros * micros) / total).toFixed(1)],
  ];
  print(`\n${name}: time of its own by package`);
  printTable(
    ['package', 'share', 'µs a request'],
    [...byPackage(times)].slice(0, packagesShown).map(([title, micros]) => [title, ...cells(micros)]),
  );
  print(`\n${name}: time of its own by function`);
  printTable(
    ['function', 'share', 'µs a request', 'where'],
    times.slice(0, functionsShown).map(({ functionName, place, micros }) => [functionName, ...cells(micros), place]),
  );
}

type Activity = Awaited<ReturnType<typeof countedStatements>>;

function printStatements({ statements, transactions, walBytes }: Activity, requests: number): void {
  print('\nPostgres: statements by the time they took, planning included');
  printTable(
    ['total', 'µs a request', 'calls', 'ms a call', 'rows a call', 'statement'],
    statements.map(({ query, calls, rows, totalMs }) => [
      ...[`${totalMs.toFixed(0)} ms`, ((totalMs * 1e3) / requests).toFixed(1), calls.toFixed(0)],
      ...[(totalMs / calls).toFixed(3), (rows / calls).toFixed(1), query.replace(/\s+/g, ' ').slice(0, 120)],
    ]),
  );
  print(
    `\n${(transactions / requests).toFixed(3)} transactions and ${(walBytes / requests / 1024).toFixed(1)} KiB of WAL a request`,
  );
}

function writeProfiles(row: string, profiles: ReadonlyMap<string, CpuProfile>): void {
  const folder = path.join(
    cloneDir,
    '.data/profiles',
    `${new Date().toISOString().slice(0, 19).replaceAll(':', '')}-${row}`,
  );
  mkdirSync(folder, { recursive: true });
  for (const [name, one] of profiles) {
    writeFileSync(path.join(folder, `${name}.cpuprofile`), JSON.stringify(one));
    writeFileSync(path.join(folder, `${name}.html`), flameGraph(name, one));
  }
  print(
    `\nIn ${path.relative(process.cwd(), folder)}: flame graphs (.html, for a browser) and what they are made of (.cpuprofile)`,
  );
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
