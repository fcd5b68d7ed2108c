import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cloneDir } from '@dialog/local/settings';
import { z } from 'zod';

/** One row of the bench: a figure, the baseline measured in the same run, and whether the goal was met. */
const benchRow = z.object({
  name: z.string(),
  /** What was measured, in words and numbers. */
  figure: z.string(),
  baseline: z.string(),
  /** The figure against the baseline, or against the goal where there is nothing to compare with. */
  ratio: z.number(),
  goal: z.string(),
  met: z.boolean(),
  /**
   * What the figures were worked out from, by what it is, in the order of measuring. `ours` and `theirs`, of the same
   * length, are the two sides of each round.
   */
  samples: z.record(z.string(), z.array(z.number())),
});
export type BenchRow = z.infer<typeof benchRow>;

const benchRun = z.object({
  at: z.string(),
  /** Whole, with a `+` where files differed from it. */
  commit: z.string(),
  machine: z.string(),
  node: z.string(),
  /** How many processes wanted a core in the minute before the bench began. */
  loadAtStart: z.number(),
  cores: z.number(),
  settings: z.record(z.string(), z.union([z.number(), z.boolean()])),
  rows: z.array(benchRow),
});
export type BenchRun = z.infer<typeof benchRun>;

const file = path.join(cloneDir, '.data/bench-results.jsonl');
const gibibyte = 2 ** 30;

/** Where and on what the bench runs; to be asked for before it makes load itself. */
export function describeRun(settings: BenchRun['settings']): Omit<BenchRun, 'rows'> {
  const [cpu] = os.cpus();
  const memory = (os.totalmem() / gibibyte).toFixed(0);
  return {
    at: new Date().toISOString(),
    commit: `${commitOf('HEAD') ?? 'unknown'}${git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+'}`,
    machine: `${os.platform()} ${os.arch()}, ${os.cpus().length} x ${cpu?.model.trim() ?? 'unknown'}, ${memory} GiB`,
    node: process.version,
    loadAtStart: os.loadavg()[0] ?? 0,
    cores: os.cpus().length,
    settings,
  };
}

/** Adds a run to the file of all runs on this clone. @returns the file's path */
export function keepRun(run: BenchRun): string {
  mkdirSync(path.dirname(file), { recursive: true });
  const rounded = (_: string, value: unknown) => (typeof value === 'number' ? Math.round(value * 1e4) / 1e4 : value);
  appendFileSync(file, `${JSON.stringify(run, rounded)}\n`);
  return path.relative(process.cwd(), file);
}

/** All runs that were kept, oldest first. Lines that an older bench wrote in another form are left out. */
export function keptRuns(): BenchRun[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.flatMap((line) => benchRun.safeParse(JSON.parse(line)).data ?? []);
}

/** The whole hash that git knows under this name. */
export function commitOf(name: string): string | undefined {
  return git('rev-parse', '--verify', '--quiet', `${name}^{commit}`);
}

function git(...args: string[]): string | undefined {
  try {
    return execFileSync('git', args, { cwd: cloneDir, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    // Of an archive without its history, or a name that git does not know.
    return undefined;
  }
}
