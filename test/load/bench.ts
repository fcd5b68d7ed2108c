/**
 * `npm run bench [-- [--quick] [--plans] [name …]]`: measures writes and reads on this machine, each figure beside a
 * baseline from the same run, and prints a table. Machines are noisy: the ratios are what counts, each from rounds that
 * alternate between the two.
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { cloneDir } from '@dialog/local/settings';
import { startBenchStack } from './bench-stack.ts';
import { accept } from './rows/accept.ts';
import { createWaited } from './rows/create-waited.ts';
import { details } from './rows/details.ts';
import { endUserSearch } from './rows/enduser-search.ts';
import { events } from './rows/events.ts';
import { hotDialog } from './rows/hot-dialog.ts';
import type { Bench } from './rows/row.ts';
import { search } from './rows/search.ts';
import { visibility } from './rows/visibility.ts';
import { type BenchRow, printTable } from './table.ts';

const benches: readonly Bench[] = [createWaited, accept, hotDialog, events, search, endUserSearch, details, visibility];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    plans: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const unknown = positionals.filter((name) => !benches.some((bench) => bench.name === name));
if (values.help || unknown.length > 0) {
  const flags = '--quick  short rounds, for a first look\n--plans  how Postgres carries out its searches\n';
  const list = benches.map(({ name, about }) => `  ${name.padEnd(16)}${about}\n`).join('');
  process.stdout.write(`npm run bench [-- [--quick] [--plans] [name ...]]\n\n${list}\n${flags}`);
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
    ? { rounds: 3, seconds: 4, appends: 3_000, appearances: 20_000, dialogs: 100_000, pages: 40, plans: values.plans }
    : {
        rounds: 5,
        seconds: 10,
        appends: 10_000,
        appearances: 100_000,
        dialogs: 1_000_000,
        pages: 200,
        plans: values.plans,
      };
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
