/** One row of the bench: a figure, the baseline measured in the same run, and whether the goal was met. */
export type BenchRow = {
  name: string;
  /** What was measured, in words and numbers. */
  figure: string;
  baseline: string;
  /** The figure against the baseline, or against nothing where a goal is absolute. */
  ratio: number;
  goal: string;
  met: boolean;
};

/** Prints rows as a table for people. */
export function printTable(rows: readonly BenchRow[]): void {
  const header = ['bench', 'figure', 'baseline', 'ratio', 'goal', ''];
  const lines = rows.map((row) => [
    row.name,
    row.figure,
    row.baseline,
    row.ratio.toFixed(2),
    row.goal,
    row.met ? 'pass' : 'MISS',
  ]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  for (const line of [header, widths.map((width) => '-'.repeat(width)), ...lines]) {
    process.stdout.write(`${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`);
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
