import type { Localization } from '@dialog/contracts/localization';
import type { Validated } from '@dialog/contracts/validate';
import type { GatewayContext } from './gateway-app.ts';

/** Language codes, the most wanted first; null for a caller that wants all there are. */
export type AcceptedLanguages = readonly string[] | null;

/**
 * Reads `Accept-Language` (service owner API, section 32): the languages by falling weight, and after them those that
 * most readers here know. Of a tag only the language counts: `en-GB` and `en_GB` are read as `en`.
 */
export function acceptedLanguages(c: GatewayContext): AcceptedLanguages {
  const accepted = preferredLanguages(c.req.header('accept-language') ?? '');
  if (accepted.length === 0) return null;
  const scandinavian = accepted.includes('sv') || accepted.includes('da');
  return [...new Set([...accepted, ...(scandinavian ? ['nb', 'en'] : ['en', 'nb'])])];
}

/** Between commas a tag, and behind a semicolon its weight, which may be anything. */
const readable = /^\s*[^\s;,]+\s*(?:;q=[^;,]*)?$/;

/** As {@link acceptedLanguages}, for those who are told when the header cannot be read (end-user API, section 5.2). */
export function requestedLanguages(c: GatewayContext): Validated<AcceptedLanguages> {
  const header = c.req.header('accept-language') ?? '';
  const isReadable = header === '' || header.split(',').every((part) => readable.test(part));
  return isReadable
    ? { ok: true, value: acceptedLanguages(c) }
    : {
        ok: false,
        errors: { 'Accept-Language': ['Must be languages between commas, each with ;q= and a weight or without.'] },
      };
}

/** The text in the first of the languages that has one; all texts if none has, or if all are wanted. */
export function inAcceptedLanguage(texts: readonly Localization[], languages: AcceptedLanguages): Localization[] {
  for (const language of languages ?? []) {
    const text = texts.find(({ languageCode }) => languageCode === language);
    if (text !== undefined) return [text];
  }
  return [...texts];
}

/** Names by language code as the API shows them, in order of language; in Bokmål the fallback, if there are none. */
export function localized(names: ReadonlyMap<string, string> | undefined, fallback: string): Localization[] {
  if (names === undefined || names.size === 0) return [{ languageCode: 'nb', value: fallback }];
  const texts = [...names].map(([languageCode, value]) => ({ languageCode, value }));
  return texts.sort((one, other) => (one.languageCode < other.languageCode ? -1 : 1));
}

/** What can be read of one part; RFC 9110 allows blanks around the semicolon. */
const weighted = /^\s*([^\s;]+)\s*(?:;\s*q=([^;]*))?/i;

/** Languages by falling weight, those of the same weight as they stand. A language may be there several times. */
function preferredLanguages(header: string): string[] {
  const preferences = header.split(',').flatMap((part) => {
    const [, tag, weight] = weighted.exec(part) ?? [];
    return tag === undefined ? [] : [{ language: languageOf(tag), weight: weightOf(weight) }];
  });
  return preferences.sort((one, other) => other.weight - one.weight).map(({ language }) => language);
}

/** In whole hundredths, and 0 for what is no number. A product that ought to be whole may be a trifle too small. */
function weightOf(text: string | undefined): number {
  const weight = Math.floor(Number(text ?? 1) * 100 + 1e-6);
  return Number.isFinite(weight) ? weight : 0;
}

function languageOf(tag: string): string {
  return tag.toLowerCase().split(/[-_]/, 1)[0] ?? '';
}
