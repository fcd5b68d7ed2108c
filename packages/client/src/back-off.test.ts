import { expect, it } from 'vitest';
import { backOffMs } from './back-off.ts';

it('waits twice as long after each failure, half of it by chance, and never longer than 30 s', () => {
  expect([1, 2, 3, 20, 2_000].map((failures) => backOffMs(failures, 1))).toEqual([250, 500, 1_000, 30_000, 30_000]);
  expect([1, 20].map((failures) => backOffMs(failures, 0))).toEqual([125, 15_000]);
});
