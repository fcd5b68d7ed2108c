import path from 'node:path';
import { cloneDir } from '@dialog/local/settings';
import { z } from 'zod';

/** What V8's sampling profiler tells, as in a `.cpuprofile` file. */
export const cpuProfile = z.looseObject({
  nodes: z.array(
    z.looseObject({
      id: z.number(),
      callFrame: z.looseObject({
        functionName: z.string(),
        /** Of the file; empty for what is not JavaScript. */
        url: z.string(),
        /** From 0. */
        lineNumber: z.number(),
      }),
    }),
  ),
  /** Ids of nodes, one for each sample. */
  samples: z.array(z.number()),
  /** Microseconds from each sample to the one before. */
  timeDeltas: z.array(z.number()),
});
export type CpuProfile = z.infer<typeof cpuProfile>;

/** How long a function ran itself, what it called not included. */
export type SelfTime = { functionName: string; place: string; package: string; micros: number };

/** Not one of the functions: the process waited. */
const idle = '(idle)';

/** All functions that were seen running, the longest first. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): SelfTime[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const times = new Map<string, SelfTime>();
  for (const [index, id] of samples.entries()) {
    const { functionName = '', url = '', lineNumber = 0 } = frames.get(id) ?? {};
    if (functionName === idle) continue;
    const key = `${functionName} ${url}:${lineNumber}`;
    const place = url === '' ? '' : `${placeOf(url)}:${lineNumber + 1}`;
    const time = times.get(key) ?? {
      ...{ functionName: functionName === '' ? '(anonymous)' : functionName, place },
      ...{ package: packageOf(functionName, url), micros: 0 },
    };
    time.micros += timeDeltas[index] ?? 0;
    times.set(key, time);
  }
  return [...times.values()].sort((a, b) => b.micros - a.micros);
}

/** The same, summed up by package. */
export function byPackage(times: readonly SelfTime[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { package: name, micros } of times) sums.set(name, (sums.get(name) ?? 0) + micros);
  return new Map([...sums].sort(([, a], [, b]) => b - a));
}

/** A package of npm or of ours, Node itself, or what V8 says in brackets: garbage collector, program. */
function packageOf(functionName: string, url: string): string {
  if (url === '') return functionName.startsWith('(') ? functionName : 'V8 built-ins';
  if (url.startsWith('node:')) return 'node';
  const [, installed] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
  if (installed !== undefined) return installed;
  return placeOf(url).split('/').slice(0, 2).join('/');
}

/** The file's path within the clone, or within its package. */
function placeOf(url: string): string {
  const file = url.replace(/^file:\/\//, '').replace(/.*\/node_modules\//, '');
  return file.startsWith(cloneDir) ? path.relative(cloneDir, file) : file;
}
