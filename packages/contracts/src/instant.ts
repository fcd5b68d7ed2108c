import { type Timestamp, timestamp } from './timestamp.ts';

/** What some clients send for a time that they do not have. */
const notSupplied = '0001-01-01T00:00:00.0000000Z';

const instant = timestamp.openapi({
  format: 'date-time',
  description: 'RFC 3339, with an offset. Kept to the microsecond.',
  example: '2026-03-01T08:15:30.1234560Z',
});

/** A time that may be left out; comes out as null then. */
export const optionalInstant = instant.nullable().default(null);

/** When something was made or changed: left out, or the year 1, means that the service takes its own time. */
export const suppliedInstant = instant.nullish().transform(orNull);

/** As {@link suppliedInstant}, for members that refuse null. */
export const suppliedInstantNotNull = instant.optional().transform(orNull);

function orNull(time: Timestamp | null | undefined): Timestamp | null {
  return time === undefined || time === notSupplied ? null : time;
}
