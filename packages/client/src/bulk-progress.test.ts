import { beforeEach, describe, expect, it } from 'vitest';
import { createProgressCounter, type ProgressCounter } from './bulk-progress.ts';

describe('the progress of a bulk write', () => {
  let now: number;
  beforeEach(() => {
    now = 1_000;
  });

  function end(counter: ProgressCounter, lines: number, how = { failed: false, repeated: false }) {
    for (let line = 0; line < lines; line++) counter.ended(how);
  }

  it('counts what has ended, how, and how often something was sent again', () => {
    const counter = createProgressCounter(undefined, () => now);
    end(counter, 3);
    end(counter, 2, { failed: true, repeated: false });
    end(counter, 1, { failed: false, repeated: true });
    counter.retried();
    expect(counter.read()).toMatchObject({ done: 4, failed: 2, repeated: 1, retried: 1, total: undefined });
    expect(counter.read().secondsLeft).toBeUndefined();
  });

  it('tells the rate of the last ten seconds, and how long the rest takes at it', () => {
    const counter = createProgressCounter(20_000, () => now);
    for (let second = 0; second < 20; second++) {
      end(counter, second < 10 ? 1_000 : 100);
      now += 1_000;
      counter.read();
    }
    expect(counter.read()).toMatchObject({ done: 11_000, linesPerSecond: 100, secondsLeft: 90 });
  });

  it('cannot tell how long it takes while nothing moves, and has nothing left in the end', () => {
    const counter = createProgressCounter(10, () => now);
    now += 5_000;
    expect(counter.read()).toMatchObject({ linesPerSecond: 0, secondsLeft: undefined });
    end(counter, 10);
    expect(counter.read()).toMatchObject({ linesPerSecond: 2, secondsLeft: 0 });
  });
});
