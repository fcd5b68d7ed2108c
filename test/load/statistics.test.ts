import { describe, expect, it } from 'vitest';
import { median, slope } from './statistics.ts';

describe('median', () => {
  it('is the middle, or between the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([1, 9, 5, 6])).toBe(5.5);
  });
});

describe('slope', () => {
  const line = (at: (x: number) => number) => Array.from({ length: 100 }, (_, x) => [x, at(x)] as const);

  it('is that of a line', () => expect(slope(line((x) => 7 + 3 * x))).toBe(3));

  it('is nearly none for a heap that fills and is collected, wherever the measurement begins and ends', () => {
    for (const phase of [0, 5, 10, 15]) {
      expect(Math.abs(slope(line((x) => 100 + ((x + phase) % 20))))).toBeLessThan(0.1);
    }
  });

  it('shows a leak through such a saw', () => {
    const leak = slope(line((x) => 100 + 0.5 * x + (x % 20)));
    expect(leak).toBeGreaterThan(0.4);
    expect(leak).toBeLessThan(0.6);
  });

  it('is not led astray by a tenth of all points', () => {
    expect(slope(line((x) => (x >= 90 ? 1_000 : 50)))).toBe(0);
  });
});
