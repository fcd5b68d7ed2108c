import { expect, it } from 'vitest';
import { isOrganizationNumber, isPersonNumber } from './norwegian-numbers.ts';

it.each([
  ...['314700554', '313500128', '310001007', '313007308', '310002003', '313007103', '313007200', '991825827'],
  ...['312345676', '300000002', '311111116', '312222221'],
])('takes %s for an organisation number', (text) => {
  expect(isOrganizationNumber(text)).toBe(true);
});

it.each([
  ...['314700555', '314700545', '134700554', '991825828', '300000000', '313007102', '31470055', '3147005540'],
  ...['31470055a', ' 314700554', '314700554\n', '314 700 554', '٣١٤٧٠٠٥٥٤', ''],
])('takes %j for none', (text) => {
  expect(isOrganizationNumber(text)).toBe(false);
});

it('takes no organisation number whose control digit would be 10', () => {
  // 3 * 4 leaves 1 modulo 11, whatever comes ninth.
  const tenth = Array.from({ length: 10 }, (_, digit) => `40000000${digit}`);
  expect(tenth.filter(isOrganizationNumber)).toEqual([]);
});

// Synthetic numbers (month + 80), D-numbers (day + 40), and both; the date need not be one.
it.each([
  ...['01817030080', '05826510058', '12839020064', '24857430073', '11848110045', '18917550073', '01018000136'],
  ...['55507608360', '71010100148', '41817030155', '66905050029'],
])('takes %s for a person', (text) => {
  expect(isPersonNumber(text)).toBe(true);
});

it('takes no number whose first or second control digit would be 10', () => {
  const controls = Array.from({ length: 100 }, (_, control) => String(control).padStart(2, '0'));
  for (const first of ['018170005', '018170008', '018170012', '018170018', '018170020']) {
    expect(controls.map((control) => `${first}${control}`).filter(isPersonNumber)).toEqual([]);
  }
});

it('takes exactly one pair of control digits for the first nine', () => {
  const numbers = Array.from({ length: 100 }, (_, control) => `018170300${String(control).padStart(2, '0')}`);
  expect(numbers.filter(isPersonNumber)).toEqual(['01817030080']);
});

it.each([
  ...['01817030081', '01817030090', '10817030080', '01817030070', '05826510059', '12345678901', '00000000001'],
  ...['0181703008', '018170300800', 'x1817030080', '01817 30080', ''],
])('takes %j for none', (text) => {
  expect(isPersonNumber(text)).toBe(false);
});
