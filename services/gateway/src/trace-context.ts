import { randomUUID } from 'node:crypto';

const traceparent = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const notSampled = '00';

/**
 * The trace context of a request as we pass it on (W3C Trace Context): the caller's trace, if it sent one, and a span of
 * our own in it.
 */
export function continueTrace(header: string | undefined): string {
  const span = randomUUID().replaceAll('-', '').slice(0, 16);
  const match = header === undefined ? null : traceparent.exec(header);
  if (match !== null) {
    const [, version, trace = '', parent = '', flags = notSampled, more] = match;
    // A version of the future may have more fields behind these four; version 00 may not, and ff is none.
    const readable = version !== 'ff' && (version !== '00' || more === undefined);
    if (readable && !isZero(trace) && !isZero(parent)) return `00-${trace}-${span}-${flags}`;
  }
  return `00-${randomUUID().replaceAll('-', '')}-${span}-${notSampled}`;
}

function isZero(id: string): boolean {
  return /^0+$/.test(id);
}
