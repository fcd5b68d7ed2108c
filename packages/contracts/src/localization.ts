import { z } from '@hono/zod-openapi';
import { addBroken, mustBeInJson } from './fault.ts';
import { languageCode } from './language-code.ts';
import { isBlank } from './text.ts';

/** One text in one language. */
export const localization = z
  .object({
    languageCode,
    value: mustBeInJson(
      z
        .string()
        .check((payload) => {
          if (isBlank(payload.value)) addBroken(payload, 'Must not be empty.');
        })
        .openapi({ minLength: 1 }),
    ),
  })
  .openapi('Localization');
export type Localization = z.output<typeof localization>;

type LocalizationOptions = {
  /** Longest text, in UTF-16 code units. Undefined where the limit depends on the caller's rights: a rule has it. */
  max: number | undefined;
  /** Whether the list needs a text. */
  atLeastOne?: boolean;
};

/** The same text in several languages, at most one text in each. */
export function localizations({ max, atLeastOne = false }: LocalizationOptions) {
  const list = z.array(localization).check((payload) => {
    const texts = payload.value;
    if (atLeastOne && texts.length === 0) addBroken(payload, 'Must have at least one language.');
    if (max !== undefined) {
      for (const [index, { value }] of texts.entries()) {
        if (value.length > max) addBroken(payload, `Must be at most ${max} characters.`, [index, 'value']);
      }
    }
    if (texts.length > 1 && new Set(texts.map((text) => text.languageCode)).size < texts.length) {
      addBroken(payload, 'Must not have two texts in one language.');
    }
  });
  const limit = max === undefined ? '' : `, each at most ${max} characters`;
  return list.openapi({
    description: `One text per language${limit}.`,
    ...(atLeastOne && { minItems: 1 }),
  });
}

/** A list that may be left out; comes out as null when it was left out or is empty. */
export function optionalLocalizations(options: LocalizationOptions) {
  return localizations(options).default([]).transform(noneAsNull);
}

/** As {@link optionalLocalizations}, where null is another way to leave it out. */
export function nullableLocalizations(options: LocalizationOptions) {
  return localizations(options)
    .nullish()
    .transform((texts) => noneAsNull(texts ?? []));
}

function noneAsNull(texts: Localization[]): Localization[] | null {
  return texts.length === 0 ? null : texts;
}
