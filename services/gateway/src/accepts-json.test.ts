import { expect, it } from 'vitest';
import { acceptsJson } from './accepts-json.ts';

it.each([
  [undefined, true],
  ['', true],
  ['*/*', true],
  ['application/*', true],
  ['application/json', true],
  ['Application/JSON', true],
  ['application/problem+json', true],
  ['text/html, application/xhtml+xml, */*;q=0.1', true],
  ['text/html, application/json;q=0.5', true],
  ['application/json; charset=utf-8', true],
  ['text/html', false],
  ['text/*, image/png', false],
  ['*/*;q=0', false],
  ['application/xml', false],
  ['application/jsonp', false],
  ['application/json;q=0', false],
  ['application/json;q=0.0, text/html', false],
  ['application/json;q=0, */*', true],
  ['nonsense', true],
  [';;', true],
])('to accept %j is to accept JSON: %s', (header, expected) => {
  expect(acceptsJson(header)).toBe(expected);
});
