/**
 * `npm run bench [-- [--quick] [name …]]`: measures writes and reads on this machine, each figure beside a baseline from
 * the same run, and prints a table. Machines are noisy: the ratios are what counts, each from rounds that alternate
 * between the two. `-- --help` tells what else it can do.
 */
import { parseArgs } from 'node:util';
import { startBenchStack, stopStacks } from './bench-stack.ts';
import { cellsOf, commitMeant, compareCommits, shortOf } from './compare.ts';
import { profile, profiledRows } from './profile/profile.ts';
import { type BenchRow, describeRun, keepRun, keptRuns } from './results.ts';
import { accept } from './rows/accept.ts';
import { backlog } from './rows/backlog.ts';
import { batch } from './rows/batch.ts';
import { createWaited } from './rows/create-waited.ts';
import { details } from './rows/details.ts';
import { endUserSearch } from './rows/enduser-search.ts';
import { events } from './rows/events.ts';
import { growth } from './rows/growth.ts';
import { hotDialog } from './rows/hot-dialog.ts';
import { memory } from './rows/memory.ts';
import { mix } from './rows/mix.ts';
import { partitions } from './rows/partitions.ts';
import type { Bench, BenchSettings } from './rows/row.ts';
import { scale } from './rows/scale.ts';
import { search } from './rows/search.ts';
import { visibility } from './rows/visibility.ts';
import { printRows, printTable } from './table.ts';

const benches: readonly Bench[] = [
  ...[createWaited, mix, batch, accept, hotDialog, events],
  ...[memory, growth, visibility, details, search, endUserSearch, scale, partitions, backlog],
];
const fullSettings = {
  ...{ rounds: 5, seconds: 10, memorySeconds: 600, appearances: 100_000, dialogs: 1_000_000, pages: 200 },
  grownDialogs: 3_000_000,
};
const quickSettings = {
  ...{ rounds: 3, seconds: 3, memorySeconds: 40, appearances: 20_000, dialogs: 100_000, pages: 40 },
  grownDialogs: 300_000,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    plans: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    'memory-seconds': { type: 'string' },
    'grown-dialogs': { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
// Told twice, as npm does when a terminal has told us already, we stop all the same, and once.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => void stopStacks().finally(() => process.exit(130)));
}
const [command, ...names] = positionals;
if (values.help) printHelp();
else if (command === 'list') list();
else if (command === 'compare') compare(names);
else if (command === 'profile') await profileOne(names);
else await measure(positionals);

function printHelp(): void {
  const list = benches
    .map(({ name, about, long }) => `  ${name.padEnd(16)}${about}${long === true ? ' *' : ''}\n`)
    .join('');
  process.stdout.write(`npm run bench -- [--quick] [name ...]        measure all of these, or some, beside their baselines
npm run bench -- list                          the runs that were kept, oldest first
npm run bench -- compare A B                   two commits side by side: a hash, its beginning, HEAD, latest;
                                               with a + behind it, one with changes that were not committed
npm run bench -- profile [row]                 where the time of each process goes, with flame graphs; of
                                               ${profiledRows.join(', ')}

${list}
  * takes long: with --quick, measured only by its name

--quick             short rounds: the write path in about three minutes
--rounds N          how often each side of a comparison is measured
--seconds N         for how long each time
--memory-seconds N  for how long memory is watched
--grown-dialogs N   dialogs in the larger database of growth
--plans             how Postgres carries out its searches
`);
}

function list(): void {
  printTable(
    ['commit', 'at', 'load', 'rounds', 'seconds', 'rows'],
    keptRuns().map(({ commit, at, loadAtStart, settings, rows }) => [
      ...[shortOf(commit), at.slice(0, 19), loadAtStart.toFixed(1), String(settings.rounds), String(settings.seconds)],
      String(rows.length),
    ]),
  );
}

function compare(given: readonly string[]): void {
  const runs = keptRuns();
  const [one, other] = given.map((name) => commitMeant(runs, name) ?? fail(`No run, or several, of a commit ${name}.`));
  if (one === undefined || other === undefined) fail('Which two commits? See npm run bench -- list');
  const { rows, notes } = compareCommits(runs, one, other);
  const [a, b] = [shortOf(one), shortOf(other)];
  printTable(['bench', a, b, `${a} ratio`, `${b} ratio`, 'between'], rows.map(cellsOf));
  process.stdout.write(notes.map((note) => `\n${note}`).join('') + (notes.length > 0 ? '\n' : ''));
}

async function profileOne([row = 'create-waited', ...more]: readonly string[]): Promise<void> {
  if (more.length > 0 || !profiledRows.includes(row)) fail(`One of these can be profiled: ${profiledRows.join(', ')}`);
  await profile(row, Number(values.seconds ?? fullSettings.seconds));
}

async function measure(given: readonly string[]): Promise<void> {
  const unknown = given.filter((name) => !benches.some((bench) => bench.name === name));
  if (unknown.length > 0) fail(`No such bench: ${unknown.join(', ')}. See npm run bench -- --help`);
  const settings: BenchSettings = {
    ...(values.quick ? quickSettings : fullSettings),
    ...number('rounds', values.rounds),
    ...number('seconds', values.seconds),
    ...number('memorySeconds', values['memory-seconds']),
    ...number('grownDialogs', values['grown-dialogs']),
    plans: values.plans,
  };
  const run = describeRun(settings);
  process.stdout.write(`${run.machine}, Node ${run.node}, load ${run.loadAtStart.toFixed(1)}\n`);
  const stack = await startBenchStack();
  const rows: BenchRow[] = [];
  try {
    for (const bench of benches) {
      if (given.length === 0 ? values.quick && bench.long === true : !given.includes(bench.name)) continue;
      process.stdout.write(`\n${bench.name}: ${bench.about}\n`);
      try {
        rows.push(...(await bench.run(stack, settings, (line) => process.stdout.write(`  ${line}\n`))));
      } catch (err) {
        // The others are worth measuring all the same.
        process.exitCode = 1;
        process.stderr.write(`  not measured: ${err instanceof Error ? err.stack : String(err)}\n`);
      }
    }
  } finally {
    await stack.stop();
  }
  process.stdout.write('\n');
  printRows(rows);
  process.stdout.write(`\nKept in ${keepRun({ ...run, rows })}\n`);
}

/** A setting that was given in place of the usual one. */
function number(name: keyof BenchSettings, given: string | undefined): Partial<BenchSettings> {
  if (given === undefined) return {};
  const value = Number(given);
  if (!(value > 0)) fail(`${given} is no number above zero.`);
  return { [name]: value };
}

function fail(reason: string): never {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}
