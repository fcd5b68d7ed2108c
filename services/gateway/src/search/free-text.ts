import { type RawBuilder, type SqlBool, sql } from 'kysely';

/** Words to be found in a dialog, and the language that they are said to be in. */
export type FreeText = { words: readonly string[]; languageCode: string | undefined };

/** Every text search configuration that texts are indexed by: what the database's search_configuration can answer. */
export const configurations = [
  ...['arabic', 'armenian', 'basque', 'catalan', 'danish', 'dutch', 'english', 'finnish', 'french', 'german', 'greek'],
  ...['hindi', 'hungarian', 'indonesian', 'irish', 'italian', 'lithuanian', 'nepali', 'norwegian', 'portuguese'],
  ...['romanian', 'russian', 'serbian', 'simple', 'spanish', 'swedish', 'tamil', 'turkish', 'yiddish'],
];
/** The languages that a word may well be in, when nothing is said. */
const usualLanguages = ['nb', 'en'];

export function freeText(text: string, languageCode?: string): FreeText {
  return { words: [...new Set(text.split(/\s+/).filter((word) => word !== ''))], languageCode };
}

/**
 * Whether each word is in some text of the dialog: in the dialog itself, in a transmission, or in an activity.
 *
 * Each text is indexed once, stemmed as its own language wants it (see the migrations of search words). In which language
 * a word was meant nobody knows, so it is stemmed in all of them and has to match in one: a word that is written as in
 * the text always does, a name in a text of another language too.
 *
 * Words that a language does not index ("og", "the") count as found. They are those of the given language; without one,
 * those of Norwegian and English. Where there are no other words, nothing is found.
 *
 * A dialog's texts are looked at when all other conditions hold: there is no index across dialogs. One would cost every
 * write (see the migration), and a search is never for more than what one end user may read.
 */
export function matchesText({ words, languageCode }: FreeText): RawBuilder<SqlBool> {
  const languages = languageCode === undefined ? usualLanguages : [languageCode];
  const counting = sql.join(languages.map((code) => sql`search_configuration(${code})`));
  const terms = sql`array(
    select (string_agg(distinct '(' || stem::text || ')', ' | ') filter (where numnode(stem) > 0))::tsquery
    from unnest(${words}::text[]) as word
    cross join unnest(${configurations}::regconfig[]) as configuration
    cross join plainto_tsquery(configuration, word) as stem
    group by word
    having every(numnode(stem) > 0 or configuration not in (${counting}))
  )`;
  return sql<SqlBool>`(
    cardinality(${terms}) > 0 and not exists (
      select from unnest(${terms}) as term (query) where not (
        dialog.search_document @@ term.query
        or exists (
          select from dialog_transmission as child
          where child.dialog_id = dialog.id and child.search_document @@ term.query
        )
        or exists (
          select from dialog_activity as child
          where child.dialog_id = dialog.id and child.search_document @@ term.query
        )
      )
    )
  )`;
}
