import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appliedPreference, parsePrefer, writeWaitMs } from './prefer.ts';

const limits = { writeWaitMs: 10_000, waitMsMax: 30_000 };

describe('Prefer', () => {
  it.each([
    [undefined, { respondAsync: false, waitS: undefined }],
    ['', { respondAsync: false, waitS: undefined }],
    ['respond-async', { respondAsync: true, waitS: undefined }],
    ['Respond-Async', { respondAsync: true, waitS: undefined }],
    ['respond-async=""', { respondAsync: true, waitS: undefined }],
    ['wait=5', { respondAsync: false, waitS: 5 }],
    ['wait = "5"', { respondAsync: false, waitS: 5 }],
    ['wait=0', { respondAsync: false, waitS: 0 }],
    ['respond-async, wait=5', { respondAsync: true, waitS: 5 }],
    ['return=minimal; foo="a,b", wait=7;bar', { respondAsync: false, waitS: 7 }],
    ['handling="say \\", wait=9", respond-async', { respondAsync: true, waitS: undefined }],
    // The first of two counts.
    ['wait=1, wait=2', { respondAsync: false, waitS: 1 }],
    // What is no number of seconds does not count.
    ['wait=-1', { respondAsync: false, waitS: undefined }],
    ['wait=1.5', { respondAsync: false, waitS: undefined }],
    ['wait', { respondAsync: false, waitS: undefined }],
    ['respond-async=no', { respondAsync: false, waitS: undefined }],
    ['respond', { respondAsync: false, waitS: undefined }],
  ])('reads %s', (header, expected) => {
    expect(parsePrefer(header)).toEqual(expected);
  });

  it('reads anything, and long nonsense in no time', () => {
    fc.assert(fc.property(fc.string(), (header) => void parsePrefer(header)));
    const startedAt = performance.now();
    parsePrefer(`${'a'.repeat(100_000)}"`);
    parsePrefer('a=;'.repeat(100_000));
    expect(performance.now() - startedAt).toBeLessThan(500);
  });

  it('waits as long as asked, up to the limit, and otherwise as long as usual', () => {
    expect(writeWaitMs(parsePrefer(undefined), limits)).toBe(10_000);
    expect(writeWaitMs(parsePrefer('respond-async'), limits)).toBe(0);
    expect(writeWaitMs(parsePrefer('wait=5'), limits)).toBe(5_000);
    expect(writeWaitMs(parsePrefer('respond-async, wait=5'), limits)).toBe(5_000);
    expect(writeWaitMs(parsePrefer('wait=100'), limits)).toBe(30_000);
  });

  it('says what it followed', () => {
    const applied = (header: string | undefined, accepted: boolean) =>
      appliedPreference(parsePrefer(header), limits, { accepted });
    expect(applied(undefined, true)).toBeUndefined();
    expect(applied('respond-async', true)).toBe('respond-async');
    expect(applied('respond-async, wait=5', true)).toBe('respond-async, wait=5');
    expect(applied('respond-async, wait=5', false)).toBe('wait=5');
    expect(applied('wait=100', false)).toBe('wait=30');
  });
});
