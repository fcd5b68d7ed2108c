import { describe, expect, it } from 'vitest';
import { afterFailure, retryPauses } from './retry-pauses.ts';

const pausesMs = retryPauses([100, 200], [60_000, 300_000]);

it('makes short pauses, and again after each longer one', () => {
  expect(pausesMs).toEqual([100, 200, 60_000, 100, 200, 300_000, 100, 200]);
});

describe('after a failure', () => {
  it.each([
    [1, false, { kind: 'retry', pauseMs: 100 }],
    [3, true, { kind: 'retry', pauseMs: 60_000 }],
    [8, true, { kind: 'retry', pauseMs: 200 }],
    // Used up, and others went through: it is the event.
    [9, true, { kind: 'park' }],
    // Used up, but nothing went through: it may be the receiver.
    [9, false, { kind: 'retry', pauseMs: 300_000 }],
    [500, false, { kind: 'retry', pauseMs: 300_000 }],
  ])('the %ith, others delivered: %s', (attemptsCount, othersDelivered, expected) => {
    expect(afterFailure(pausesMs, { attemptsCount, othersDelivered })).toEqual(expected);
  });
});
