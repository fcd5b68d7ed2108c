import { expect, it } from 'vitest';
import { isOrganizationNumber, isPersonNumber } from './norwegian-numbers.ts';

it.each(['314700554', '313500128', '310001007', '313007308'])('takes %s for an organisation number', (text) => {
  expect(isOrganizationNumber(text)).toBe(true);
});

it.each(['314700555', '31470055', '3147005540', '31470055a', ' 314700554', '314700554\n', '٣١٤٧٠٠٥٥٤', ''])(
  'takes %j for none',
  (text) => {
    expect(isOrganizationNumber(text)).toBe(false);
  },
);

it('takes no organisation number whose control digit would be 10', () => {
  // 3 * 4 leaves 1 modulo 11, whatever comes ninth.
  const tenth = Array.from({ length: 10 }, (_, digit) => `40000000${digit}`);
  expect(tenth.filter(isOrganizationNumber)).toEqual([]);
});

it('takes a birth number, a D-number and a synthetic number (month + 80) with right control digits', () => {
  expect(['01817030080', '55507608360'].every(isPersonNumber)).toBe(true);
});

it('takes exactly one pair of control digits for the first nine', () => {
  const numbers = Array.from({ length: 100 }, (_, control) => `018170300${String(control).padStart(2, '0')}`);
  expect(numbers.filter(isPersonNumber)).toEqual(['01817030080']);
});

it.each(['01817030081', '01817030090', '0181703008', '018170300800', 'x1817030080'])('takes %s for none', (text) => {
  expect(isPersonNumber(text)).toBe(false);
});
