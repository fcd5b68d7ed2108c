import type { Localization } from './localization.ts';

/**
 * Puts every list of texts in order of language code, in place. Done last: until then the texts stand where the caller
 * put them, which is what messages about them have to name.
 */
export function putInLanguageOrder(body: unknown): void {
  if (typeof body !== 'object' || body === null) return;
  if (!Array.isArray(body)) {
    for (const member of Object.values(body)) putInLanguageOrder(member);
  } else if (areTexts(body)) {
    if (body.length > 1) body.sort((one, other) => (one.languageCode < other.languageCode ? -1 : 1));
  } else {
    for (const item of body) putInLanguageOrder(item);
  }
}

function areTexts(list: unknown[]): list is Localization[] {
  const [first] = list;
  return typeof first === 'object' && first !== null && 'languageCode' in first;
}
