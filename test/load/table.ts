import type { BenchRow } from './results.ts';

/** Prints rows as a table for people. */
export function printRows(rows: readonly BenchRow[]): void {
  printTable(
    ['bench', 'figure', 'baseline', 'ratio', 'goal', ''],
    rows.map(({ name, figure, baseline, ratio, goal, met }) => [
      ...[name, figure, baseline, ratio.toFixed(2), goal],
      met ? 'pass' : 'MISS',
    ]),
  );
}

export function printTable(header: readonly string[], lines: readonly (readonly string[])[]): void {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  for (const line of [header, widths.map((width) => '-'.repeat(width)), ...lines]) {
    process.stdout.write(
      `${line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
  }
}
