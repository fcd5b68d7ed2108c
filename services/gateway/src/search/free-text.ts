import { type RawBuilder, type SqlBool, sql } from 'kysely';

/**
 * Words and phrases to be found in a dialog, those that must not be in it, and the language that they are said to be in.
 */
export type FreeText = { words: readonly string[]; without?: readonly string[]; languageCode: string | undefined };

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

const term = /(-?)"([^"]*)"|(\S+)/g;

/**
 * Reads what an end user searches for (end-user API, section 10.5): words, and phrases in quotation marks. One of them is
 * enough, unless one begins with `-` and must not be there: then all count. `AND` and `OR` between two say it otherwise
 * for those two, and `AND` binds closer.
 *
 * @returns one of these is to be found; none where nothing is left to search for
 */
export function freeTextAlternatives(text: string, languageCode?: string): FreeText[] {
  type Term = { text: string; isNegative: boolean };
  const terms: (Term & { operator: 'AND' | 'OR' | undefined })[] = [];
  let operator: 'AND' | 'OR' | undefined;
  for (const [, minus, phrase, word = ''] of text.matchAll(term)) {
    if (phrase === undefined && (word === 'AND' || word === 'OR')) {
      operator = word;
      continue;
    }
    const isNegative = phrase === undefined ? word.startsWith('-') : minus === '-';
    const wanted = (phrase ?? word.replace(/^-/, '')).trim();
    if (wanted === '') continue;
    terms.push({ text: wanted, isNegative, operator });
    operator = undefined;
  }
  const usual = terms.some(({ isNegative }) => isNegative) ? 'AND' : 'OR';
  const groups: Term[][] = [];
  for (const [index, one] of terms.entries()) {
    const group = groups.at(-1);
    if (index > 0 && group !== undefined && (one.operator ?? usual) === 'AND') group.push(one);
    else groups.push([one]);
  }
  return groups.map((group) => {
    const without = group.filter(({ isNegative }) => isNegative).map((one) => one.text);
    const words = group.filter(({ isNegative }) => !isNegative).map((one) => one.text);
    return { words, without, languageCode };
  });
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
export function matchesText({ words, without = [], languageCode }: FreeText): RawBuilder<SqlBool> {
  const languages = languageCode === undefined ? usualLanguages : [languageCode];
  const counting = sql.join(languages.map((code) => sql`search_configuration(${code})`));
  const queries = (texts: readonly string[]) => sql`array(
    select (string_agg(distinct '(' || stem::text || ')', ' | ') filter (where numnode(stem) > 0))::tsquery
    from unnest(${texts}::text[]) as word
    cross join unnest(${configurations}::regconfig[]) as configuration
    cross join lateral (
      select case when word like '% %' then phraseto_tsquery(configuration, word)
        else plainto_tsquery(configuration, word) end
    ) as stemmed (stem)
    group by word
    having every(numnode(stem) > 0 or configuration not in (${counting}))
  )`;
  const found = queries(words);
  const excluded = sql` and not exists (
    select from unnest(${queries(without)}) as term (query) where ${isInSomeText}
  )`;
  return sql<SqlBool>`(
    cardinality(${found}) > 0 and not exists (
      select from unnest(${found}) as term (query) where not ${isInSomeText}
    )${without.length > 0 ? excluded : sql``}
  )`;
}

/** Whether what is called `term.query` is in a text of the dialog. */
const isInSomeText = sql`(
  dialog.search_document @@ term.query
  or exists (
    select from dialog_transmission as child
    where child.dialog_id = dialog.id and child.search_document @@ term.query
  )
  or exists (
    select from dialog_activity as child
    where child.dialog_id = dialog.id and child.search_document @@ term.query
  )
)`;
