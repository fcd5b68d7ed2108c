import { expect, it } from 'vitest';
import { createClock } from './clock.ts';

it('counts microseconds while the clock stands still, and never goes back', () => {
  const readings = [1_000, 1_000, 999, 1_001];
  const now = createClock(() => readings.shift() ?? 0);
  expect([now(), now(), now(), now()]).toEqual([
    '1970-01-01T00:00:01.0000000Z',
    '1970-01-01T00:00:01.0000010Z',
    '1970-01-01T00:00:01.0000020Z',
    '1970-01-01T00:00:01.0010000Z',
  ]);
});

it('prints exact microseconds for present-day instants', () => {
  const start = 1_793_000_000_000;
  const now = createClock(() => start);
  const printed = Array.from({ length: 2_000 }, () => now().slice(-9, -2));
  expect(printed).toEqual(Array.from({ length: 2_000 }, (_, index) => String(index).padStart(6, '0').padStart(7, '.')));
});
