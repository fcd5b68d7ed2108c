import { z } from '@hono/zod-openapi';
import { addBroken } from './fault.ts';

/** Longest URL or URI once normalised, in UTF-16 code units. */
export const urlLengthMax = 1023;

const httpsScheme = /^https:\/\//i;
/** The characters of RFC 3986, all others percent-encoded. */
const uriCharacters = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*$/;
const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:/;

/**
 * Reads an absolute HTTPS URL.
 *
 * @returns it as a URL parser prints it (host in lower case, no default port); undefined if it is none
 */
export function parseHttpsUrl(text: string): string | undefined {
  if (!httpsScheme.test(text)) return undefined;
  return URL.parse(text)?.href;
}

/**
 * Reads a URI reference, absolute or relative.
 *
 * @returns it as a URL parser prints it, a relative one as it is; undefined if it is none
 */
export function parseUri(text: string): string | undefined {
  if (!uriCharacters.test(text)) return undefined;
  return scheme.test(text) ? URL.parse(text)?.href : text;
}

/** An address that a browser opens or a program calls; comes out normalised. */
export const httpsUrl = z
  .string()
  .check((payload) => {
    const url = parseHttpsUrl(payload.value);
    if (url === undefined) addBroken(payload, 'Not an absolute HTTPS URL.');
    else if (url.length > urlLengthMax) addBroken(payload, `Must be at most ${urlLengthMax} characters.`);
    else payload.value = url;
  })
  .openapi({
    format: 'uri',
    maxLength: urlLengthMax,
    pattern: '^[hH][tT][tT][pP][sS]://',
    example: 'https://example.com/',
  });

/** A name or an address, of any scheme or relative; comes out normalised. */
export const uri = z
  .string()
  .check((payload) => {
    const parsed = payload.value.length > urlLengthMax ? payload.value : parseUri(payload.value);
    if (parsed === undefined) addBroken(payload, 'Not a well-formed URI.');
    else if (parsed.length > urlLengthMax) addBroken(payload, `Must be at most ${urlLengthMax} characters.`);
    else payload.value = parsed;
  })
  .openapi({ format: 'uri-reference', maxLength: urlLengthMax });

/** A URI that may be left out; comes out as null then. */
export const optionalUri = uri.nullable().default(null);
