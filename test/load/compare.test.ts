import { describe, expect, it } from 'vitest';
import { cellsOf, commitMeant, compareCommits } from './compare.ts';
import type { BenchRow, BenchRun } from './results.ts';

const row = (name: string, ratio: number, samples: BenchRow['samples'] = {}): BenchRow => ({
  ...{ name, figure: `${ratio * 100}/s`, baseline: '100/s', ratio, goal: '>= 2', met: ratio >= 2, samples },
});
const run = (commit: string, rows: BenchRow[], more: Partial<BenchRun> = {}): BenchRun => ({
  ...{ at: '2026-11-22T10:00:00.000Z', commit, machine: 'two cores', node: 'v24.0.0', loadAtStart: 0.1, cores: 2 },
  ...{ settings: { rounds: 3 }, rows },
  ...more,
});
const [one, other] = ['aaaa1111', 'bbbb2222'];

describe('compareCommits', () => {
  it('sets ratios side by side, and the ratio between them', () => {
    const { rows, notes } = compareCommits([run(one, [row('create', 2)]), run(other, [row('create', 3)])], one, other);
    expect(rows.map(cellsOf)).toEqual([['create', '200/s', '300/s', '2.00', '3.00', '1.50']]);
    expect(notes).toEqual([]);
  });

  it('shows how far the rounds of a row lie apart', () => {
    const measured = row('create', 2, { ours: [150, 200, 300], theirs: [100, 100, 100] });
    const { rows } = compareCommits([run(one, [measured])], one, one);
    expect(rows.map(cellsOf)).toEqual([['create', '200/s', '200/s', '2.00 (1.50-3.00)', '2.00 (1.50-3.00)', '1.00']]);
  });

  it('takes the last measurement of each row, from whichever run of the commit', () => {
    const runs = [run(one, [row('create', 1), row('hot', 1)]), run(one, [row('create', 4)]), run(other, [])];
    const { rows } = compareCommits(runs, one, other);
    expect(rows.map((compared) => [compared.name, compared.one?.ratio, compared.other?.ratio])).toEqual([
      ['create', 4, undefined],
      ['hot', 1, undefined],
    ]);
  });

  it.each([
    ['another machine', { machine: 'eight cores' }, 'Different machines: two cores; eight cores.'],
    ['another Node', { node: 'v26.0.0' }, 'Different versions of Node: v24.0.0; v26.0.0.'],
    ['other settings', { settings: { rounds: 5 } }, 'Different settings: rounds 3 against 5.'],
    [
      'a machine that others used',
      { loadAtStart: 1.5 },
      'The machine was busy with other things when bbbb2222 was measured at 2026-11-22T10:00:00.000Z: load 1.5 on 2 cores.',
    ],
  ])('tells of %s', (_, difference, note) => {
    const runs = [run(one, [row('create', 2)]), run(other, [row('create', 2)], difference)];
    expect(compareCommits(runs, one, other).notes).toEqual([note]);
  });
});

describe('commitMeant', () => {
  const runs = [run('aaaa1111', []), run('aaaa2222', []), run('aaaa2222+', []), run('bbbb2222', [])];

  it.each([
    ['latest', 'bbbb2222'],
    ['aaaa1', 'aaaa1111'],
    ['aaaa2', 'aaaa2222'],
    ['aaaa2+', 'aaaa2222+'],
    ['aaaa', undefined],
    ['cccc', undefined],
  ])('%s is %s', (name, commit) => expect(commitMeant(runs, name)).toBe(commit));
});
