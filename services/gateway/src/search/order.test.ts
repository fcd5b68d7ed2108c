import { describe, expect, it } from 'vitest';
import { defaultOrder, parseOrder, parseToken, printOrder, printToken } from './order.ts';

const id = '019c4f3e-8b1a-7d20-a5c1-0b9e8d7f6a54';
const at = '2026-02-11T09:30:00.1234560Z';

function order(text: string) {
  const parsed = parseOrder(text);
  if (parsed === undefined) throw new Error(`Not an order: ${text}`);
  return parsed;
}

describe('orderBy', () => {
  it.each([
    ['createdAt', 'createdat_desc,id_desc'],
    ['id_asc', 'contentupdatedat_desc,id_asc'],
    ['id', 'contentupdatedat_desc,id_desc'],
    ['id_asc,dueAt_asc', 'dueat_asc,id_asc'],
    ['CONTENTUPDATEDAT_ASC', 'contentupdatedat_asc,id_desc'],
    ['updatedAt_Asc,dueAt,id_desc,createdAt_desc', 'updatedat_asc,dueat_desc,createdat_desc,id_desc'],
    [' updatedAt , id_asc', 'updatedat_desc,id_asc'],
  ])('%s is %s', (text, normal) => {
    expect(printOrder(order(text))).toBe(normal);
    expect(printOrder(order(normal))).toBe(normal);
  });

  it('is by the latest content where nothing is said', () => {
    expect(printOrder(defaultOrder)).toBe('contentupdatedat_desc,id_desc');
  });

  it.each(['', 'status', 'createdAt_up', 'createdAt desc', 'createdAt,', 'createdAt,createdAt_asc', 'id,id', 'id_'])(
    '%j is refused',
    (text) => {
      expect(parseOrder(text)).toBeUndefined();
    },
  );
});

describe('a continuation token', () => {
  const last = { contentUpdatedAt: at, updatedAt: '2026-02-11T09:31:00.0000010Z', createdAt: at, dueAt: null, id };

  it.each([
    ['contentUpdatedAt', `contentupdatedat_${at},id_${id}`, [at, id]],
    ['updatedAt_asc,dueAt', `updatedat_${last.updatedAt},dueat_,id_${id}`, [last.updatedAt, null, id]],
  ])('of the order %s is %s', (by, token, position) => {
    expect(printToken(order(by), last)).toBe(token);
    expect(parseToken(token, order(by))).toEqual(position);
  });

  it('is read in any casing, with other offsets, and past keys that the order does not have', () => {
    const token = `Status_x,ID_${id.toUpperCase()},ContentUpdatedAt_2026-02-11T10:30:00.123456+01:00,createdat_`;
    expect(parseToken(token, defaultOrder)).toEqual([at, id]);
  });

  it.each([
    ...['', 'x', '_', `id_${id}`, `contentupdatedat_${at}`, `contentupdatedat_,id_${id}`, `contentupdatedat_${at},id_`],
    ...[`contentupdatedat_${at},id_1`, `contentupdatedat_${at},id_${id},`, `contentupdatedat_${at},id_${id},id_${id}`],
    ...['contentupdatedat_yesterday,id_', `contentupdatedat_2026-02-30T00:00:00Z,id_${id}`, `${at},${id}`],
  ])('%j is refused', (token) => {
    expect(parseToken(token, defaultOrder)).toBeUndefined();
  });
});
