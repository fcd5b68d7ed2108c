import type { BenchStack } from './bench-stack.ts';
import type { LoadResult } from './load-generator.ts';
import { cpuSecondsOf } from './processes.ts';

/** What answering one request took of the machine, process by process. */
export type CpuPerRequest = {
  /** Microseconds of CPU time by process, those that took most first; empty where it cannot be told. */
  micros: ReadonlyMap<string, number>;
  total: number;
};

/** Generates load, and tells what it took. On a busy machine this says more than how long it took. */
export async function withCpu(
  stack: Pick<BenchStack, 'pids'>,
  load: () => Promise<LoadResult>,
): Promise<LoadResult & { cpu: CpuPerRequest }> {
  const before = cpuSecondsOf(stack.pids());
  const result = await load();
  const after = cpuSecondsOf(stack.pids());
  const used = [...after].map(
    ([name, seconds]) => [name, ((seconds - (before.get(name) ?? 0)) * 1e6) / result.answers.length] as const,
  );
  const micros = new Map(used.filter(([, each]) => each >= 1).sort(([, a], [, b]) => b - a));
  const total = [...micros.values()].reduce((sum, each) => sum + each, 0);
  return { ...result, cpu: { micros, total } };
}

/** For a line of progress. */
export function describeCpu({ micros, total }: CpuPerRequest): string {
  const parts = [...micros].map(([name, each]) => `${name} ${each.toFixed(0)}`);
  return `${total.toFixed(0)} µs (${parts.join(', ')})`;
}
