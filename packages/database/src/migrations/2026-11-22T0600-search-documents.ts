import { type Kysely, sql } from 'kysely';

/**
 * The words of texts, for searching dialogs by them.
 *
 * Each row carries the words of its own texts, so that a new transmission costs no more in a dialog that has twenty
 * thousand. The columns are generated: whoever writes a row, its words are right when the transaction commits. Beside 240
 * µs for all else that Postgres does for a new dialog of a usual kind that takes 45, most of it stemming. To collect the
 * texts in the worker and send them along was no faster. To weigh titles made it 67, and nobody misses that as results
 * are not ranked; to keep each word unstemmed as well doubled it.
 *
 * Each text is read in its own language, as far as Postgres knows it. Texts of one language are put together first: to
 * add the words of each to those before would copy them as often as there are texts.
 *
 * The words of one row stay below the megabyte that Postgres allows a tsvector, however much text the row has: a dialog
 * with fifteen thousand named attachments could not be stored for the sake of the words to find it by. What comes first
 * is found. The limits leave room for text of the worst kind, addresses and words with many hyphens, of which each part
 * is a word as well.
 *
 * There is no index across rows. A GIN index took another 17 µs of each dialog, and all that it would find quicker are
 * rare words in the hundred thousands of dialogs that one end user may read.
 *
 * Adding the columns writes the tables anew, during which lanes wait.
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

    create function search_configuration(language_code text) returns regconfig
      language sql immutable parallel safe
      return case language_code
        when 'nb' then 'pg_catalog.norwegian'::regconfig when 'nn' then 'pg_catalog.norwegian'::regconfig
        when 'en' then 'pg_catalog.english'::regconfig when 'ar' then 'pg_catalog.arabic'::regconfig
        when 'hy' then 'pg_catalog.armenian'::regconfig when 'eu' then 'pg_catalog.basque'::regconfig
        when 'ca' then 'pg_catalog.catalan'::regconfig when 'da' then 'pg_catalog.danish'::regconfig
        when 'nl' then 'pg_catalog.dutch'::regconfig when 'fi' then 'pg_catalog.finnish'::regconfig
        when 'fr' then 'pg_catalog.french'::regconfig when 'de' then 'pg_catalog.german'::regconfig
        when 'el' then 'pg_catalog.greek'::regconfig when 'hi' then 'pg_catalog.hindi'::regconfig
        when 'hu' then 'pg_catalog.hungarian'::regconfig when 'id' then 'pg_catalog.indonesian'::regconfig
        when 'ga' then 'pg_catalog.irish'::regconfig when 'it' then 'pg_catalog.italian'::regconfig
        when 'lt' then 'pg_catalog.lithuanian'::regconfig when 'ne' then 'pg_catalog.nepali'::regconfig
        when 'pt' then 'pg_catalog.portuguese'::regconfig when 'ro' then 'pg_catalog.romanian'::regconfig
        when 'ru' then 'pg_catalog.russian'::regconfig when 'sr' then 'pg_catalog.serbian'::regconfig
        when 'es' then 'pg_catalog.spanish'::regconfig when 'sv' then 'pg_catalog.swedish'::regconfig
        when 'ta' then 'pg_catalog.tamil'::regconfig when 'tr' then 'pg_catalog.turkish'::regconfig
        when 'yi' then 'pg_catalog.yiddish'::regconfig
        else 'pg_catalog.simple'::regconfig
      end;

    -- The words of some localizations ([{languageCode, value}, ...]), each read in its own language.
    create function search_words(texts jsonb) returns tsvector
      language plpgsql immutable strict parallel safe as $$
    declare
      words tsvector := '';
      codes text[] := '{}';
      together text[] := '{}';
      item jsonb;
      place int;
    begin
      -- Concatenated, so that it is the size of the texts and not of what they were compressed to.
      if pg_column_size(texts || '[]') > 100000 then
        texts := searched_texts(texts);
      end if;
      for at in 0 .. jsonb_array_length(texts) - 1 loop
        item := texts -> at;
        -- An attachment without display names is a null among them.
        continue when item ->> 'value' is null;
        place := array_position(codes, item ->> 'languageCode');
        if place is null then
          codes := codes || (item ->> 'languageCode');
          together := together || (item ->> 'value');
        else
          together[place] := together[place] || E'\\n' || (item ->> 'value');
        end if;
      end loop;
      for at in 1 .. cardinality(codes) loop
        words := words || to_tsvector(search_configuration(codes[at]), together[at]);
      end loop;
      return words;
    end
    $$;

    -- The localizations in the parts of a content that are plain text.
    create function plain_texts(content jsonb) returns jsonb
      language sql immutable strict parallel safe
      return jsonb_path_query_array(content, '$.* ? (@.mediaType == "text/plain").value[*]');

    create function display_names(attachments jsonb) returns jsonb
      language sql immutable strict parallel safe
      return jsonb_path_query_array(attachments, '$[*].displayName[*]');

    -- The title is the first of the texts: jsonb has the members of an object in order of length.
    create function dialog_search_words(content jsonb, attachments jsonb, search_tags text[])
      returns tsvector language plpgsql immutable parallel safe as $$
    begin
      return search_words(coalesce(plain_texts(content), '[]') || display_names(attachments))
        -- Of a tag, no character has more than four bytes.
        || to_tsvector('simple', left(array_to_string(search_tags, ' '), 25000));
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
