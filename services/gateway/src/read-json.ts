import { isUtf8 } from 'node:buffer';
import { type Problem, problemOf } from '@dialog/contracts/problem';
import type { GatewayContext } from './gateway-app.ts';

export type BodyLimits = { bodyBytesMax: number };

export type ReadJson = { ok: true; value: unknown } | { ok: false; problem: Problem };

const json: readonly string[] = ['application/json'];

/** The key of a fault in JSON that has no path (service owner API, section 4.2). */
const wholeBody = 'SerializerErrors';

/** Reads a request's body as JSON, and nothing of a body that is too large or of another type than `mediaTypes`. */
export async function readJson(
  c: GatewayContext,
  { bodyBytesMax }: BodyLimits,
  mediaTypes: readonly string[] = json,
): Promise<ReadJson> {
  if (!isOfType(c, mediaTypes)) return { ok: false, problem: problemOf(415) };
  if ((c.req.header('content-encoding') ?? 'identity') !== 'identity') return { ok: false, problem: problemOf(415) };
  const bytes = await readBytes(c.req.raw, bodyBytesMax);
  if (bytes === undefined) return { ok: false, problem: tooLarge(bodyBytesMax) };
  if (bytes.length === 0) return missingBody;
  return parseJson(bytes);
}

/** Parses JSON in UTF-8. */
export function parseJson(bytes: Buffer): ReadJson {
  // A decoder would put replacement characters for what is no UTF-8, and we would store them.
  if (!isUtf8(bytes)) return unreadable('Not UTF-8.');
  const text = bytes.toString();
  try {
    return { ok: true, value: JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text) };
  } catch {
    // The parser's message quotes the body.
    return unreadable('Not JSON.');
  }
}

/**
 * Whether a body is of one of these types. UTF-8 is the only encoding of JSON (RFC 8259); a parameter that says so does no
 * harm.
 */
export function isOfType(c: GatewayContext, mediaTypes: readonly string[]): boolean {
  const [type = '', ...parameters] = (c.req.header('content-type') ?? '').toLowerCase().split(';');
  if (!mediaTypes.includes(type.trim())) return false;
  return parameters.every((parameter) => !/^\s*charset\s*=(?!\s*"?utf-8"?\s*$)/.test(parameter));
}

/** Undefined when there are more than `bytesMax`; the rest is then left unread. */
async function readBytes(request: Request, bytesMax: number): Promise<Buffer | undefined> {
  const declared = request.headers.get('content-length');
  // Node gives no more than was declared.
  if (declared !== null) {
    return Number(declared) > bytesMax ? undefined : Buffer.from(await request.arrayBuffer());
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength;
    if (length > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function tooLarge(bytesMax: number): Problem {
  const title = `Payload too large. The maximum allowed size is ${bytesMax} bytes.`;
  return { ...problemOf(413), title };
}

export const missingBody = unreadable('A body is required.');

function unreadable(message: string): ReadJson & { ok: false } {
  return { ok: false, problem: problemOf(400, { [wholeBody]: [message] }) };
}
