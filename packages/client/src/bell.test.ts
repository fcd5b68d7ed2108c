import { expect, it } from 'vitest';
import { createBell } from './bell.ts';

it('wakes the one that waits, once', async () => {
  const bell = createBell();
  const woken = bell.rung();
  bell.ring();
  expect(await woken).toBe(true);
  expect(await bell.rung(1)).toBe(false);
});

it('is heard later when nobody waits, and as one when it has rung more often', async () => {
  const bell = createBell();
  bell.ring();
  bell.ring();
  expect(await bell.rung(1)).toBe(true);
  expect(await bell.rung(1)).toBe(false);
});
