import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addMs, epochMsOf, isTimestamp, justAfter, parseTimestamp, timestampOf } from './timestamp.ts';

describe('parseTimestamp', () => {
  it.each([
    ['2026-03-01T08:15:30Z', '2026-03-01T08:15:30.0000000Z'],
    ['2026-03-01t08:15:30.1z', '2026-03-01T08:15:30.1000000Z'],
    ['2026-03-01T08:15:30.123456Z', '2026-03-01T08:15:30.1234560Z'],
    ['2026-03-01T08:15:30.1234569Z', '2026-03-01T08:15:30.1234560Z'],
    ['2026-03-01T00:15:30.5+02:00', '2026-02-28T22:15:30.5000000Z'],
    ['2026-02-28T22:15:30-02:30', '2026-03-01T00:45:30.0000000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.0000000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.0000000Z'],
    ['9999-12-31T23:59:59.999999Z', '9999-12-31T23:59:59.9999990Z'],
  ])('reads %s', (text, canonical) => {
    expect(parseTimestamp(text)).toBe(canonical);
  });

  it.each([
    ['no offset', '2026-03-01T08:15:30'],
    ['no time', '2026-03-01'],
    ['no seconds', '2026-03-01T08:15Z'],
    ['30 February', '2026-02-30T00:00:00Z'],
    ['30 February, with seven decimals', '2026-02-30T00:00:00.0000000Z'],
    ['hour 24', '2026-03-01T24:00:00Z'],
    ['hour 24, with seven decimals', '2026-03-01T24:00:00.0000000Z'],
    ['month 13', '2026-13-01T00:00:00Z'],
    ['a leap second', '2026-06-30T23:59:60Z'],
    ['an offset of 25 hours', '2026-03-01T08:15:30+25:00'],
    ['the year 0, which Postgres does not have', '0000-12-31T00:00:00Z'],
    ['the year 0 by its offset', '0001-01-01T00:00:00+01:00'],
    ['the year 10000 by its offset', '9999-12-31T23:59:59-01:00'],
    ['a number', '1772352930'],
    ['blanks', ' 2026-03-01T08:15:30Z'],
    ['nothing', ''],
  ])('refuses %s', (_, text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });
});

/** Microseconds since the epoch. A double of milliseconds is exact to the microsecond in these years. */
const micros = fc.integer({ min: Date.parse('1900-01-01') * 1000, max: Date.parse('2100-01-01') * 1000 });

describe('timestamps', () => {
  it('print so that they can be read back', () => {
    fc.assert(
      fc.property(micros, (us) => {
        const printed = timestampOf(us / 1000);
        expect(isTimestamp(printed)).toBe(true);
        expect(parseTimestamp(printed)).toBe(printed);
        expect(epochMsOf(printed)).toBe(Math.floor(us / 1000));
        expect(Number(printed.slice(20, 26))).toBe(((us % 1_000_000) + 1_000_000) % 1_000_000);
      }),
    );
  });

  it('keep a microsecond that a double can only come close to', () => {
    expect(timestampOf(1.001)).toBe('1970-01-01T00:00:00.0010010Z');
  });

  it('name the same instant with any offset', () => {
    fc.assert(
      fc.property(micros, fc.integer({ min: -23, max: 23 }), (us, hours) => {
        const utc = timestampOf(us / 1000);
        const local = timestampOf((us + hours * 3_600_000_000) / 1000).slice(0, -1);
        const offset = `${hours < 0 ? '-' : '+'}${String(Math.abs(hours)).padStart(2, '0')}:00`;
        expect(parseTimestamp(`${local}${offset}`)).toBe(utc);
      }),
    );
  });

  it('compare as strings the way their instants do', () => {
    fc.assert(
      fc.property(micros, micros, (one, other) => {
        expect(timestampOf(one / 1000) < timestampOf(other / 1000)).toBe(one < other);
      }),
    );
  });

  it.each([
    ['2026-12-31T23:59:59.9999990Z', '2027-01-01T00:00:00.0000000Z'],
    ['2026-03-01T08:15:30.1234560Z', '2026-03-01T08:15:30.1234570Z'],
    ['9999-12-31T23:59:59.0001290Z', '9999-12-31T23:59:59.0001300Z'],
  ])('after %s is %s', (text, next) => {
    const at = parseTimestamp(text);
    expect(at && justAfter(at)).toBe(next);
  });

  it('move by milliseconds and keep their microseconds', () => {
    const start = parseTimestamp('2026-12-31T23:59:59.999123Z');
    expect(start && addMs(start, 2)).toBe('2027-01-01T00:00:00.0011230Z');
    expect(start && addMs(start, -1000)).toBe('2026-12-31T23:59:58.9991230Z');
  });
});
