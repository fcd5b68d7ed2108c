import { describe, expect, it } from 'vitest';
import { parseHttpsUrl, parseUri } from './url.ts';

describe('parseHttpsUrl', () => {
  it.each([
    ['https://example.com', 'https://example.com/'],
    ['HTTPS://EXAMPLE.com:443/A?b=C#d', 'https://example.com/A?b=C#d'],
    ['https://example.com:8443/a b', 'https://example.com:8443/a%20b'],
    ['https://example.com/a/../b', 'https://example.com/b'],
    ['https://blåbær.no/', 'https://xn--blbr-roah.no/'],
  ])('reads %s', (text, normalised) => {
    expect(parseHttpsUrl(text)).toBe(normalised);
  });

  it.each([
    'http://example.com/',
    'https:example.com',
    '//example.com/',
    '/a',
    'https://',
    'https://a b/',
    'ftp://a/',
    '',
  ])('refuses %j', (text) => {
    expect(parseHttpsUrl(text)).toBeUndefined();
  });
});

describe('parseUri', () => {
  it.each([
    ['urn:example:a', 'urn:example:a'],
    ['https://example.com', 'https://example.com/'],
    ['a/b?c#d', 'a/b?c#d'],
    ['a%20b', 'a%20b'],
    ['', ''],
  ])('reads %j', (text, normalised) => {
    expect(parseUri(text)).toBe(normalised);
  });

  it.each(['a b', 'a%2', 'a<b>', '"a"', 'a\\b', 'æ', 'https://', 'http://[1', 'a\nb'])('refuses %j', (text) => {
    expect(parseUri(text)).toBeUndefined();
  });

  it('takes time in proportion to the length of what it refuses', () => {
    const started = performance.now();
    expect(parseUri(`${'%41'.repeat(200_000)}%`)).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
