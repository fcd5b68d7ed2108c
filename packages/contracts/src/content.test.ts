import { describe, expect, it } from 'vitest';
import { dialog, keysOf, noRights, now, readValue, texts, transmission } from './testing/bodies.ts';
import { validateCreateDialog } from './validate.ts';

const title = { value: texts('Title') };
const embeddedMarkdown = 'application/vnd.dialogporten.frontchannelembed-url;type=text/markdown';
const embeddedHtml = 'application/vnd.dialogporten.frontchannelembed-url;type=text/html';
const deprecatedMarkdown = 'application/vnd.dialogporten.frontchannelembed+json;type=markdown';
const deprecatedHtml = 'application/vnd.dialogporten.frontchannelembed+json;type=html';
const address = texts('https://example.com/a.md', 'https://example.com/b.md');

const correspondence = { ...noRights, correspondence: true };
const legacyHtml = { ...noRights, legacyHtml: true };

/** What a content is refused for, by the paths inside it. */
function pathsOf(content: object, rights = noRights): string[] {
  const keys = keysOf(validateCreateDialog({ ...dialog, content: { title, ...content } }, { now, rights }));
  return keys.map((key) => key.replace('dto.content.', ''));
}

function transmissionPathsOf(content: object, rights = noRights): string[] {
  const body = { ...dialog, transmissions: [{ ...transmission, content: { title, ...content } }] };
  return keysOf(validateCreateDialog(body, { now, rights })).map((key) =>
    key.replace('dto.transmissions[0].content.', ''),
  );
}

const shortTexts = ['title', 'nonSensitiveTitle', 'summary', 'nonSensitiveSummary', 'senderName'];

describe.each(shortTexts)('%s', (part) => {
  const of = (length: number) => ({ [part]: { value: texts('a', 'a'.repeat(length)) } });

  it('has 255 characters, and 512 with the correspondence scope', () => {
    expect(pathsOf(of(255))).toEqual([]);
    expect(pathsOf(of(256))).toEqual([`${part}.value[1].value`]);
    expect(pathsOf(of(512), correspondence)).toEqual([]);
    expect(pathsOf(of(513), correspondence)).toEqual([`${part}.value[1].value`]);
  });

  it('is plain text', () => {
    expect(pathsOf({ [part]: { mediaType: 'text/plain', value: texts('a') } })).toEqual([]);
    expect(pathsOf({ [part]: { mediaType: 'text/markdown', value: texts('a') } })).toEqual([`${part}.mediaType`]);
    expect(pathsOf({ [part]: { mediaType: 'Text/Plain', value: texts('a') } })).toEqual([`${part}.mediaType`]);
  });
});

describe.each(['title', 'summary'])('%s of a transmission', (part) => {
  it('has 255 characters, and 512 with the correspondence scope', () => {
    const of = (length: number) => ({ [part]: { value: texts('a'.repeat(length)) } });
    expect(transmissionPathsOf(of(255))).toEqual([]);
    expect(transmissionPathsOf(of(256))).toEqual([`${part}.value[0].value`]);
    expect(transmissionPathsOf(of(512), correspondence)).toEqual([]);
    expect(transmissionPathsOf(of(513), correspondence)).toEqual([`${part}.value[0].value`]);
  });

  it('is plain text', () => {
    expect(transmissionPathsOf({ [part]: { mediaType: 'text/html', value: texts('a') } })).toEqual([
      `${part}.mediaType`,
    ]);
  });
});

describe('additionalInfo', () => {
  const of = (mediaType: string, value: string) => ({ additionalInfo: { mediaType, value: texts(value) } });

  it('is plain text or Markdown of 1023 characters, whatever the scopes', () => {
    expect(pathsOf(of('text/plain', 'a'.repeat(1023)))).toEqual([]);
    expect(pathsOf(of('text/markdown', '<b>'.repeat(341)))).toEqual([]);
    expect(pathsOf(of('text/markdown', 'a'.repeat(1024)), correspondence)).toEqual(['additionalInfo.value[0].value']);
    expect(pathsOf(of('text/x', 'a'))).toEqual(['additionalInfo.mediaType']);
  });

  it('is HTML of allowed elements with the legacy HTML scope', () => {
    expect(pathsOf(of('text/html', '<p>a</p>'), legacyHtml)).toEqual([]);
    expect(pathsOf(of('text/html', '<p>a</p>'))).toEqual(['additionalInfo.mediaType']);
    expect(pathsOf(of('text/html', '<b>a</b>'), legacyHtml)).toEqual(['additionalInfo.value[0].value']);
  });
});

it('has an extended status of 25 characters', () => {
  const of = (length: number) => ({ extendedStatus: { value: texts('a'.repeat(length)) } });
  expect(pathsOf(of(25))).toEqual([]);
  expect(pathsOf(of(26), correspondence)).toEqual(['extendedStatus.value[0].value']);
  expect(pathsOf({ extendedStatus: { mediaType: 'text/markdown', value: texts('a') } })).toEqual([
    'extendedStatus.mediaType',
  ]);
});

describe.each([
  ['mainContentReference', pathsOf],
  ['contentReference', transmissionPathsOf],
])('%s', (part, paths) => {
  const of = (mediaType: string | undefined, value = address) => ({ [part]: { mediaType, value } });

  it('is a document to embed, in Markdown or, with the legacy HTML scope, HTML', () => {
    expect(paths(of(embeddedMarkdown))).toEqual([]);
    expect(paths(of(deprecatedMarkdown))).toEqual([]);
    for (const mediaType of [embeddedHtml, deprecatedHtml]) {
      expect(paths(of(mediaType))).toEqual([`${part}.mediaType`]);
      expect(paths(of(mediaType), legacyHtml)).toEqual([]);
    }
    expect(paths(of('text/plain'))).toEqual([`${part}.mediaType`]);
    expect(paths(of(undefined))).toEqual([`${part}.mediaType`]);
    expect(paths(of(embeddedMarkdown.replace(';', '; ')))).toEqual([`${part}.mediaType`]);
  });

  it('names it by an HTTPS URL of 1023 characters in each language', () => {
    expect(paths(of(embeddedMarkdown, texts('https://example.com/', 'http://example.com/')))).toEqual([
      `${part}.value[1].value`,
    ]);
    const long = `https://example.com/${'a'.repeat(1003)}`;
    expect(paths(of(embeddedMarkdown, texts(long)))).toEqual([]);
    expect(paths(of(embeddedMarkdown, texts(`${long}a`)))).toEqual([`${part}.value[0].value`]);
  });
});

it.each(['additionalInfo', 'title'])('takes deprecated media types for embedded documents only, not for %s', (part) => {
  expect(pathsOf({ [part]: { mediaType: deprecatedMarkdown, value: texts('a') } })).toEqual([`${part}.mediaType`]);
});

it('is stored with the media types that have replaced deprecated ones', () => {
  const content = { title, mainContentReference: { mediaType: deprecatedHtml, value: address } };
  const value = readValue(validateCreateDialog({ ...dialog, content }, { now, rights: legacyHtml }));
  expect(value.content?.mainContentReference?.mediaType).toBe(embeddedHtml);
});

describe('languages', () => {
  const of = (...codes: string[]) => ({
    summary: { value: codes.map((languageCode) => ({ languageCode, value: 'a' })) },
  });

  it.each([
    ['two', of('nb', 'en'), []],
    ['none', of(), ['summary.value']],
    ['the same twice', of('nb', 'en', 'nb'), ['summary.value']],
    ['the same in two forms', of('en_GB', ' EN-us '), ['summary.value']],
    ['an unknown one', of('nb', 'xx'), ['summary.value[1].languageCode']],
    ['no, which is nb or nn', of('no'), ['summary.value[0].languageCode']],
    ['three letters', of('nob'), ['summary.value[0].languageCode']],
    ['nothing', of(''), ['summary.value[0].languageCode']],
    ['a blank text', { summary: { value: texts('a', ' \n\t') } }, ['summary.value[1].value']],
  ])('%s', (_, content, paths) => {
    expect(pathsOf(content)).toEqual(paths);
  });

  it('are put in order after what is wrong with them was told by the order given', () => {
    // In order of language the faulty text would be the first of the two.
    expect(pathsOf({ summary: { value: texts('a', 'a'.repeat(256)) } })).toEqual(['summary.value[1].value']);
  });
});
