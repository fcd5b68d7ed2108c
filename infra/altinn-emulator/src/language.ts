const languages = ['nb', 'en', 'nn'] as const;
export type Language = (typeof languages)[number];

/** The platform's metadata comes in one of three languages; Bokmål if the caller asks for none of them. */
export function languageOf(acceptLanguage: string | undefined): Language {
  return languages.find((language) => language === acceptLanguage?.slice(0, 2).toLowerCase()) ?? 'nb';
}
