import { type BenchRow, type BenchRun, commitOf } from './results.ts';

/** What two commits had to show for one row; undefined where it was not measured. */
type ComparedRow = { name: string; one: BenchRow | undefined; other: BenchRow | undefined };
export type Comparison = { rows: ComparedRow[]; notes: string[] };

/** Above this share of the machine that others wanted, figures tell more of them than of us. */
const foreignLoadMax = 0.25;

/**
 * Sets the rows of two commits side by side, each as it was measured last. Notes tell what makes them hard to compare.
 *
 * @param one as in the runs, with a `+` for one with changes
 */
export function compareCommits(runs: readonly BenchRun[], one: string, other: string): Comparison {
  const notes = new Set<string>();
  const latest = (commit: string) => {
    const rows = new Map<string, { row: BenchRow; run: BenchRun }>();
    for (const run of runs) if (run.commit === commit) for (const row of run.rows) rows.set(row.name, { row, run });
    return rows;
  };
  const [ones, others] = [latest(one), latest(other)];
  const rows = [...new Set([...ones.keys(), ...others.keys()])].map((name) => {
    const [a, b] = [ones.get(name), others.get(name)];
    for (const measured of [a, b]) if (measured !== undefined) noteLoad(measured.run, notes);
    if (a !== undefined && b !== undefined) noteDifferences(a.run, b.run, notes);
    return { name, one: a?.row, other: b?.row };
  });
  return { rows, notes: [...notes] };
}

function noteLoad({ commit, at, loadAtStart, cores }: BenchRun, notes: Set<string>): void {
  if (loadAtStart <= cores * foreignLoadMax) return;
  notes.add(
    `The machine was busy with other things when ${shortOf(commit)} was measured at ${at}: ` +
      `load ${loadAtStart.toFixed(1)} on ${cores} cores.`,
  );
}

function noteDifferences(a: BenchRun, b: BenchRun, notes: Set<string>): void {
  if (a.machine !== b.machine) notes.add(`Different machines: ${a.machine}; ${b.machine}.`);
  if (a.node !== b.node) notes.add(`Different versions of Node: ${a.node}; ${b.node}.`);
  for (const name of Object.keys({ ...a.settings, ...b.settings })) {
    const [one, other] = [a.settings[name], b.settings[name]];
    if (one !== other) notes.add(`Different settings: ${name} ${one} against ${other}.`);
  }
}

/** The two commits' ratios, and that between them, as cells of a table. */
export function cellsOf({ name, one, other }: ComparedRow): string[] {
  const between = (other?.ratio ?? Number.NaN) / (one?.ratio ?? Number.NaN);
  const cells = [name, one?.figure ?? '-', other?.figure ?? '-', ratioOf(one), ratioOf(other)];
  return [...cells, Number.isFinite(between) ? between.toFixed(2) : '-'];
}

/** With the lowest and highest of its rounds, where there were any. */
function ratioOf(row: BenchRow | undefined): string {
  if (row === undefined) return '-';
  const { ours = [], theirs = [] } = row.samples;
  const ratios = ours.map((value, index) => value / (theirs[index] ?? Number.NaN));
  if (ratios.length < 2 || ours.length !== theirs.length) return row.ratio.toFixed(2);
  return `${row.ratio.toFixed(2)} (${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)})`;
}

/**
 * The commit of a kept run that is meant: `latest`, what git knows by that name, or the beginning of its hash. A `+`
 * behind it means the run with changes that were not committed.
 */
export function commitMeant(runs: readonly BenchRun[], name: string): string | undefined {
  if (name === 'latest') return runs.at(-1)?.commit;
  const plus = name.endsWith('+') ? '+' : '';
  const bare = name.slice(0, name.length - plus.length);
  const commits = new Set(runs.map(({ commit }) => commit));
  const known = `${commitOf(bare) ?? bare}${plus}`;
  if (commits.has(known)) return known;
  const beginning = [...commits].filter((commit) => commit.startsWith(bare) && commit.endsWith('+') === (plus !== ''));
  return beginning.length === 1 ? beginning[0] : undefined;
}

export function shortOf(commit: string): string {
  return commit.slice(0, 8) + (commit.endsWith('+') ? '+' : '');
}
