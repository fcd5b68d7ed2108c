import { z } from '@hono/zod-openapi';
import { unreadable } from './fault.ts';

/**
 * An instant as the API prints it: UTC, seven decimals, `Z` (`2026-03-01T08:15:30.1234560Z`).
 *
 * One fixed-width form everywhere (HTTP, lanes, events, database parameters), so that instants compare as strings and
 * keep the microseconds that a JavaScript Date would drop. The seventh decimal is always 0: Postgres keeps microseconds.
 */
export type Timestamp = string & { readonly __brand: 'Timestamp' };

const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/;
const canonical = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}0Z$/;

/**
 * Reads an RFC 3339 date-time. Digits beyond microseconds are cut off.
 *
 * @returns undefined for anything without an explicit offset, or that is no date of the calendar
 */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = rfc3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', offset = 'Z'] = match;
  // Date.parse accepts 30 February; the round trip does not.
  const civil = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const local = Date.parse(`${civil}Z`);
  if (Number.isNaN(local) || new Date(local).toISOString().slice(0, 19) !== civil) return undefined;
  const instant = Date.parse(`${civil}${offset.toUpperCase()}`);
  if (Number.isNaN(instant)) return undefined;
  const seconds = new Date(instant).toISOString();
  // Years beyond 9999 get a sign and six digits, which no longer compare as strings. Postgres has no year 0.
  if (seconds.length !== 24 || seconds.startsWith('0000')) return undefined;
  return printed(`${seconds.slice(0, 19)}.${fraction.padEnd(6, '0').slice(0, 6)}0Z`);
}

export function isTimestamp(text: string): text is Timestamp {
  return canonical.test(text);
}

/** Milliseconds since the epoch, fractions kept to the microsecond (`performance.timeOrigin + performance.now()`). */
export function timestampOf(epochMs: number): Timestamp {
  // Rounded, as a fraction of a double is seldom exact: cutting it off would now and then lose a microsecond.
  const micros = Math.round(epochMs * 1000);
  const ms = Math.floor(micros / 1000);
  const rest = String(micros - ms * 1000).padStart(3, '0');
  return printed(`${new Date(ms).toISOString().slice(0, 23)}${rest}0Z`);
}

/** Milliseconds since the epoch. Microseconds are dropped. */
export function epochMsOf(timestamp: Timestamp): number {
  return Date.parse(timestamp);
}

export function addMs(timestamp: Timestamp, ms: number): Timestamp {
  const moved = new Date(epochMsOf(timestamp) + ms).toISOString();
  return printed(`${moved.slice(0, 23)}${timestamp.slice(23)}`);
}

/** The next instant that can be told from this one. */
export function justAfter(timestamp: Timestamp): Timestamp {
  const micros = Number(timestamp.slice(23, 26)) + 1;
  if (micros === 1000) return addMs(printed(`${timestamp.slice(0, 23)}0000Z`), 1);
  return printed(`${timestamp.slice(0, 23)}${String(micros).padStart(3, '0')}0Z`);
}

export function latestOf(a: Timestamp, b: Timestamp): Timestamp {
  return a < b ? b : a;
}

function printed(text: string): Timestamp {
  if (!isTimestamp(text)) throw new Error(`Not a canonical timestamp: ${text}`);
  return text;
}

/** A timestamp in a request: RFC 3339 with an explicit offset; comes out canonical. */
export const timestamp = z.string().transform((text, context): Timestamp => {
  const parsed = parseTimestamp(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({
    code: 'custom',
    message: 'A timestamp needs a date, a time and an offset (Z or +hh:mm).',
    params: unreadable,
  });
  return z.NEVER;
});

/** A timestamp that one of our own services wrote: already canonical. */
export const canonicalTimestamp = z.string().refine(isTimestamp);
