import { z } from '@hono/zod-openapi';
import { addBroken, mustBeInJson } from './fault.ts';

/** ISO 639-1, as the API accepts it. `no` is missing on purpose: a text is either Bokmål or Nynorsk. */
export const languageCodes: ReadonlySet<string> = new Set(
  (
    'aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en ' +
    'eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ' +
    'ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ' +
    'ng nl nn nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su ' +
    'sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu'
  ).split(' '),
);

/**
 * Cuts a language tag down to its two letters (`en_GB` and `EN-us` become `en`).
 *
 * @returns undefined when the language is not one that the API knows
 */
export function parseLanguageCode(text: string): string | undefined {
  if (languageCodes.has(text)) return text;
  const [code = ''] = text.trim().replaceAll('_', '-').toLowerCase().split('-', 1);
  return languageCodes.has(code) ? code : undefined;
}

/** A language code in a request; comes out as two lower-case letters. */
export const languageCode = mustBeInJson(
  z
    .string()
    .check((payload) => {
      const code = parseLanguageCode(payload.value);
      if (code !== undefined) payload.value = code;
      else addBroken(payload, 'Not a known ISO 639-1 language code. For Norwegian use nb or nn.');
    })
    .openapi({
      description: 'ISO 639-1. A region is cut off, casing does not matter: `en_GB` is read as `en`.',
      example: 'nb',
    }),
);
