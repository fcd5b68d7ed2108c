import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Database, openDatabase } from './open.ts';

let space: TestSpace;
let db: Database;
beforeAll(async () => {
  space = await openTestSpace();
  db = openDatabase(space.databaseUrl, {
    ...{ applicationName: 'test', connectionsMax: 1, connectTimeoutMs: 5_000, statementTimeoutMs: 30_000 },
  });
});
afterAll(async () => {
  await db.destroy();
  await space.close();
});

/** Numbers in letters, the short ones first: no two words are alike, and none is shorter than it must be. */
const word = (index: number) => index.toString(36);

it.each([
  ['short words', (index: number) => word(index)],
  ['words with hyphens', (index: number) => `${word(index)}-${word(index + 1)}-a${index}-b${index}`],
  ['addresses', (index: number) => `${word(index)}.no/${word(index)}/b?c=${index}`],
  ['e-mail addresses', (index: number) => `a${index}@b${index}.no`],
  ['characters of three bytes', (index: number) => `${word(index)}${String.fromCodePoint(0x4e00 + (index % 20_000))}`],
  ['characters of four bytes', (index: number) => String.fromCodePoint(0x20000 + (index % 40_000)).repeat(3)],
  ['numbers', (index: number) => `-${index}.${index}e${index % 300}`],
])('are kept within what a tsvector can hold, for texts, names and tags full of %s', async (_kind, wordAt) => {
  const texts = (first: number, count: number, languageCode: string) =>
    Array.from({ length: count }, (_, at) => ({
      languageCode,
      value: Array.from({ length: 40 }, (_, place) => wordAt(first + at * 40 + place)).join(' '),
    }));
  const part = (first: number) => ({ mediaType: 'text/plain', value: texts(first, 180, 'se') });
  const content = { title: part(0), summary: part(10_000), additionalInfo: part(20_000) };
  const attachments = Array.from({ length: 5_000 }, (_, at) => ({ displayName: texts(30_000 + at * 40, 1, 'nb') }));
  const tags = Array.from({ length: 50_000 }, (_, at) => wordAt(300_000 + at));
  const { rows } = await sql<{ bytes: number; isFound: boolean }>`
    with found (words) as (
      select dialog_search_words(${JSON.stringify(content)}::jsonb, ${JSON.stringify(attachments)}::jsonb, ${tags}::text[])
    )
    select pg_column_size(words) as bytes, words @@ plainto_tsquery('simple', ${wordAt(5)}) as "isFound" from found
  `.execute(db);
  expect(rows).toMatchObject([{ isFound: true }]);
  expect(rows[0]?.bytes).toBeLessThan(1_000_000);
});
