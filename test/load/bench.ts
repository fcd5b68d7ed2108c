/**
 * `npm run bench [-- [--quick] [name …]]`: measures the write path on this machine, each figure beside a baseline from
 * the same run, and prints a table. Machines are noisy: the ratios are what counts, each the median of several rounds
 * that alternate between the two.
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { cloneDir } from '@dialog/local/settings';
import { startBenchStack } from './bench-stack.ts';
import { accept } from './rows/accept.ts';
import { createWaited } from './rows/create-waited.ts';
import { eventLatency } from './rows/event-latency.ts';
import { hotDialog } from './rows/hot-dialog.ts';
import type { Bench } from './rows/row.ts';
import { type BenchRow, printTable } from './table.ts';

const benches: readonly Bench[] = [createWaited, accept, hotDialog, eventLatency];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
});
const unknown = positionals.filter((name) => !benches.some((bench) => bench.name === name));
if (values.help || unknown.length > 0) {
  const list = benches.map(({ name, about }) => `  ${name.padEnd(16)}${about}\n`).join('');
  process.stdout.write(`npm run bench [-- [--quick] [name ...]]\n\n${list}\n--quick  short rounds, for a first look\n`);
  if (unknown.length > 0) process.stderr.write(`No such bench: ${unknown.join(', ')}\n`);
  process.exit(unknown.length > 0 ? 1 : 0);
}

const chosen = benches.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const resultsFile = path.join(cloneDir, '.data/bench-results.jsonl');
mkdirSync(path.dirname(resultsFile), { recursive: true });
process.stdout.write(`${os.cpus().length} x ${os.cpus()[0]?.model ?? 'unknown'}, Node ${process.version}\n`);

const stack = await startBenchStack();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stack.stop().finally(() => process.exit(130)));
}
const rows: BenchRow[] = [];
try {
  const settings = values.quick
    ? { rounds: 3, seconds: 4, appends: 3_000 }
    : { rounds: 5, seconds: 10, appends: 10_000 };
  for (const bench of chosen) {
    process.stdout.write(`\n${bench.name}: ${bench.about}\n`);
    rows.push(...(await bench.run(stack, settings, (line) => process.stdout.write(`  ${line}\n`))));
  }
} finally {
  await stack.stop();
}
process.stdout.write('\n');
printTable(rows);
appendFileSync(resultsFile, `${JSON.stringify({ at: new Date().toISOString(), quick: values.quick, rows })}\n`);
process.stdout.write(`\nKept in ${path.relative(process.cwd(), resultsFile)}\n`);
