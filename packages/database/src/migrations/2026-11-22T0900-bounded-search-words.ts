import { type Kysely, sql } from 'kysely';

/**
 * Keeps the words of one row below the megabyte that Postgres allows a tsvector, however much text the row has: a dialog
 * with fifteen thousand named attachments could not be stored for the sake of the words to find it by.
 *
 * What comes first is found. The limits leave room for text of the worst kind, addresses and words with many hyphens,
 * of which each part is a word as well. Rows that are there already are below the limit, or they would not be.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- As many localizations from the front as have 100,000 bytes of JSON together.
    create function searched_texts(texts jsonb) returns jsonb
      language sql immutable strict parallel safe
      return (
        select coalesce(jsonb_agg(item order by place), '[]')
        from (
          select item, place, sum(octet_length(item::text)) over (order by place) as bytes
          from jsonb_array_elements(texts) with ordinality as listed (item, place)
        ) as counted
        where bytes <= 100000
      );

    create or replace function search_words(texts jsonb) returns tsvector
      language plpgsql immutable strict parallel safe as $$
    begin
      if octet_length(texts::text) > 100000 then
        texts := searched_texts(texts);
      end if;
      return jsonb_to_tsvector('norwegian', jsonb_path_query_array(texts,
          '$[*] ? (@.languageCode == "nb" || @.languageCode == "nn").value'), '"string"')
        || jsonb_to_tsvector('english', jsonb_path_query_array(texts,
          '$[*] ? (@.languageCode == "en").value'), '"string"')
        || jsonb_to_tsvector('simple', jsonb_path_query_array(texts,
          '$[*] ? (@.languageCode != "nb" && @.languageCode != "nn" && @.languageCode != "en").value'), '"string"');
    end
    $$;

    create or replace function dialog_search_words(content jsonb, attachments jsonb, search_tags text[])
      returns tsvector language plpgsql immutable parallel safe as $$
    begin
      return coalesce(setweight(search_words(content #> '{title,value}'), 'A'), '')
        || search_words(coalesce(plain_texts(content - 'title'), '[]') || display_names(attachments))
        -- Of a tag, no character has more than four bytes.
        || to_tsvector('simple', left(array_to_string(search_tags, ' '), 25000));
    end
    $$;
  `.execute(db);
}
