import { expect, it } from 'vitest';
import { durationText, progressText, summaryOf } from './progress-line.ts';

const progress = {
  done: 0,
  failed: 0,
  repeated: 0,
  retried: 0,
  linesPerSecond: 0,
  total: undefined,
  secondsLeft: undefined,
};

it.each([
  [{}, '0 lines, 0 lines/s'],
  [{ done: 1_200, linesPerSecond: 1_999.6 }, '1,200 lines, 2,000 lines/s'],
  [
    { done: 11_997, failed: 3, retried: 40, linesPerSecond: 500, total: 24_000, secondsLeft: 24 },
    '[############------------] 12,000 of 24,000 lines, 3 failed, 40 sent again, 500 lines/s, 24 s left',
  ],
  [{ done: 10, total: 10, secondsLeft: 0 }, '[########################] 10 of 10 lines, 0 lines/s'],
])('tells of %o', (more, text) => expect(progressText({ ...progress, ...more })).toBe(text));

it.each([
  [0.4, '0 s'],
  [59.4, '59 s'],
  [60, '1 min 0 s'],
  [3_599, '59 min 59 s'],
  [7_320, '2 h 2 min'],
])('calls %d seconds %s', (seconds, text) => expect(durationText(seconds)).toBe(text));

it.each([
  [{ applied: 1 }, '1 line in 2 s, 1 a second: 1 applied.'],
  [{ applied: 3_000, repeated: 12 }, '3,000 lines in 2 s, 1,500 a second: 3,000 applied (12 of them before).'],
  [{ accepted: 4 }, '4 lines in 2 s, 2 a second: 0 applied, 4 accepted (operations tell how they end).'],
  [{ applied: 3, failed: 1 }, '4 lines in 2 s, 2 a second: 3 applied, 1 failed (they are in a.failed.ndjson).'],
])('sums up %o', (counts, text) => {
  const nothing = { applied: 0, repeated: 0, accepted: 0, failed: 0 };
  expect(summaryOf({ ...nothing, ...counts, failedFile: 'a.failed.ndjson', seconds: 2 })).toBe(text);
});
