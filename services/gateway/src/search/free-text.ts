import { type RawBuilder, type SqlBool, sql } from 'kysely';

/** Words to be found in a dialog, and the language that they are said to be in. */
export type FreeText = { words: readonly string[]; languageCode: string | undefined };

/** Postgres' text search configurations by language. Texts in other languages are indexed as they are written. */
const configurationOf: Readonly<Record<string, string>> = { nb: 'norwegian', nn: 'norwegian', en: 'english' };
const configurations = ['norwegian', 'english', 'simple'];

export function freeText(text: string, languageCode?: string): FreeText {
  return { words: [...new Set(text.split(/\s+/).filter((word) => word !== ''))], languageCode };
}

/**
 * Whether each word is in some text of the dialog: in the dialog itself, in a transmission, or in an activity.
 *
 * Each text is indexed once, stemmed as its own language wants it (see the migration of the search documents). In which
 * language a word was meant nobody knows, so it is stemmed in all of them and has to match in one: a word that is
 * written as in the text always does, a name in a text of another language too.
 *
 * Words that a language does not index ("og", "the") are in every dialog. They are those of the given language; without
 * one, those of all. Where there are no other words, nothing is found.
 *
 * A dialog's texts are looked at when all other conditions hold: there is no index across dialogs. One would cost every
 * write (see the migration), and a search is never for more than what one end user may read.
 */
export function matchesText({ words, languageCode }: FreeText): RawBuilder<SqlBool> {
  const given = languageCode === undefined ? configurations : [configurationOf[languageCode] ?? 'simple'];
  const counts = given.map((name) => sql`numnode(${stemmed(name)}) > 0`);
  const terms = sql`array(
    select ${sql.join(configurations.map(stemmed), sql` || `)}
    from unnest(${words}::text[]) as word
    where ${sql.join(counts, sql` and `)}
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

/** The query for a word, in a list of words. */
function stemmed(configuration: string): RawBuilder<unknown> {
  return sql`plainto_tsquery(${sql.lit(configuration)}::regconfig, word)`;
}
