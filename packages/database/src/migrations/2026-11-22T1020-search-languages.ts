import { type Kysely, sql } from 'kysely';

/**
 * Reads each text in its own language, as far as Postgres knows it, where it knew Norwegian and English.
 *
 * Texts of one language are put together first: to add the words of each to those before would copy them as often as
 * there are texts. Rows that are there already keep the words that they have.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
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

    create or replace function search_words(texts jsonb) returns tsvector
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
  `.execute(db);
}
