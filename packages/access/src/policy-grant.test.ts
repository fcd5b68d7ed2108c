import type { Holder } from '@dialog/contracts/policy-grant';
import { expect, it } from 'vitest';
import { isEverPermitted, type Verdict, verdictOf } from './policy-grant.ts';

const held = (...subjects: string[]): Holder => ({ subjects, certain: true });
const maybeHeld = (...subjects: string[]): Holder => ({ subjects, certain: false });

it.each<[Holder[], Holder[], Verdict]>([
  [[], [], 'refuse'],
  [[held('a')], [], 'permit'],
  [[held('c'), held('a', 'b')], [], 'permit'],
  [[held('a', 'c')], [], 'refuse'],
  [[held()], [], 'permit'],
  [[maybeHeld('a')], [], 'ask'],
  [[maybeHeld('a'), held('b')], [], 'permit'],
  [[maybeHeld('c')], [], 'refuse'],
  [[held('a')], [held('b')], 'refuse'],
  [[held('a')], [held('c')], 'permit'],
  [[held('a')], [maybeHeld('b')], 'ask'],
  [[held('a')], [maybeHeld('c')], 'permit'],
  [[held('a')], [maybeHeld('a'), held()], 'refuse'],
  [[], [maybeHeld()], 'refuse'],
])('who permits %j and denies %j says to somebody who is a and b: %s', (permits, denies, verdict) => {
  expect(verdictOf({ permits, denies }, new Set(['a', 'b']))).toBe(verdict);
});

it.each<[Holder[], boolean]>([
  [[], false],
  [[held('urn:altinn:rolecode:dagl')], true],
  [[held()], true],
  [[maybeHeld()], true],
  [[held('urn:altinn:org:ttd')], false],
  [[held('urn:altinn:organization:identifier-no:310001007')], false],
  [[held('urn:altinn:rolecode:dagl', 'urn:altinn:org:ttd'), maybeHeld('urn:altinn:org:ttd')], false],
  [[held('urn:altinn:org:ttd'), held('urn:altinn:accesspackage:fiske')], true],
])('%j gives something to end users: %s', (permits, isGiven) => {
  expect(isEverPermitted({ permits, denies: [] })).toBe(isGiven);
});
