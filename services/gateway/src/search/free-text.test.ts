import { describe, expect, it } from 'vitest';
import { freeTextAlternatives } from './free-text.ts';

describe('what an end user searches for', () => {
  it.each<[string, [string[], string[]][]]>([
    ['bygg', [[['bygg'], []]]],
    [
      'bygg  fisk',
      [
        [['bygg'], []],
        [['fisk'], []],
      ],
    ],
    [
      '"nytt bygg" fisk',
      [
        [['nytt bygg'], []],
        [['fisk'], []],
      ],
    ],
    [
      'bygg AND fisk sak',
      [
        [['bygg', 'fisk'], []],
        [['sak'], []],
      ],
    ],
    ['bygg fisk -sak', [[['bygg', 'fisk'], ['sak']]]],
    ['bygg -"nytt bygg"', [[['bygg'], ['nytt bygg']]]],
    [
      'bygg OR fisk -sak',
      [
        [['bygg'], []],
        [['fisk'], ['sak']],
      ],
    ],
    ['AND bygg OR', [[['bygg'], []]]],
    [
      'bygg and fisk',
      [
        [['bygg'], []],
        [['and'], []],
        [['fisk'], []],
      ],
    ],
    ['-sak', [[[], ['sak']]]],
    ['AND OR', []],
    ['- ""', []],
  ])('%s', (text, expected) => {
    expect(freeTextAlternatives(text, 'nb')).toEqual(
      expected.map(([words, without]) => ({ words, without, languageCode: 'nb' })),
    );
  });
});
