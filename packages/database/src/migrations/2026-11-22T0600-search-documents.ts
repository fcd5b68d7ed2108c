import { type Kysely, sql } from 'kysely';

/**
 * The words of texts, for searching dialogs by them.
 *
 * Each row carries the words of its own texts, so that a new transmission costs no more in a dialog that has twenty
 * thousand. The columns are generated: whoever writes a row, its words are right when the transaction commits. For a
 * dialog in two languages that takes Postgres about 40 µs of 110; to collect the texts in the worker and send them along
 * was no faster, and to keep each word unstemmed as well took 80.
 *
 * There is no index across rows. A GIN index took another 17 µs of each dialog, and all that it would find quicker are
 * rare words in the hundred thousands of dialogs that one end user may read.
 *
 * Adding the columns writes the tables anew, during which lanes wait.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- The words of some localizations ([{languageCode, value}, ...]), each read in its own language. Norwegian and
    -- English are stemmed, everything else is taken as it is written.
    create function search_words(texts jsonb) returns tsvector
      language plpgsql immutable strict parallel safe as $$
    begin
      return jsonb_to_tsvector('norwegian', jsonb_path_query_array(texts,
          '$[*] ? (@.languageCode == "nb" || @.languageCode == "nn").value'), '"string"')
        || jsonb_to_tsvector('english', jsonb_path_query_array(texts,
          '$[*] ? (@.languageCode == "en").value'), '"string"')
        || jsonb_to_tsvector('simple', jsonb_path_query_array(texts,
          '$[*] ? (@.languageCode != "nb" && @.languageCode != "nn" && @.languageCode != "en").value'), '"string"');
    end
    $$;

    -- The localizations in the parts of a content that are plain text.
    create function plain_texts(content jsonb) returns jsonb
      language sql immutable strict parallel safe
      return jsonb_path_query_array(content, '$.* ? (@.mediaType == "text/plain").value[*]');

    create function display_names(attachments jsonb) returns jsonb
      language sql immutable strict parallel safe
      return jsonb_path_query_array(attachments, '$[*].displayName[*]');

    -- The title counts for more than the rest.
    create function dialog_search_words(content jsonb, attachments jsonb, search_tags text[]) returns tsvector
      language plpgsql immutable parallel safe as $$
    begin
      return coalesce(setweight(search_words(content #> '{title,value}'), 'A'), '')
        || search_words(coalesce(plain_texts(content - 'title'), '[]') || display_names(attachments))
        || to_tsvector('simple', array_to_string(search_tags, ' '));
    end
    $$;

    create function transmission_search_words(content jsonb, attachments jsonb) returns tsvector
      language plpgsql immutable parallel safe as $$
    begin
      return search_words(coalesce(plain_texts(content), '[]') || display_names(attachments));
    end
    $$;

    alter table dialog add column search_document tsvector not null
      generated always as (dialog_search_words(content, attachments, search_tags)) stored;
    alter table dialog_transmission add column search_document tsvector not null
      generated always as (transmission_search_words(content, attachments)) stored;
    -- Null for an activity that has no description.
    alter table dialog_activity add column search_document tsvector
      generated always as (search_words(description)) stored;

  `.execute(db);
}
