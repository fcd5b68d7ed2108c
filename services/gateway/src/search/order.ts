import { parseTimestamp } from '@dialog/contracts/timestamp';

const sortKeys = ['contentupdatedat', 'updatedat', 'createdat', 'dueat', 'id'] as const;
export type SortKey = (typeof sortKeys)[number];
type SortTerm = { key: SortKey; direction: 'asc' | 'desc' };

/** An order of dialogs in its normal form: the id comes last, so that no two dialogs are equal. */
export type Order = readonly [SortTerm, ...SortTerm[]];

/** Where a page ends: of its last item the value of each key of the order, null for a missing dueAt. */
export type Position = readonly (string | null)[];

/** A dialog, as far as it can be sorted. */
export type Sortable = {
  contentUpdatedAt: string;
  updatedAt: string;
  createdAt: string;
  dueAt: string | null;
  id: string;
};

const newestFirst: SortTerm = { key: 'contentupdatedat', direction: 'desc' };
const byId: SortTerm = { key: 'id', direction: 'desc' };
export const defaultOrder: Order = [newestFirst, byId];

const memberOf = {
  ...{ contentupdatedat: 'contentUpdatedAt', updatedat: 'updatedAt', createdat: 'createdAt', dueat: 'dueAt', id: 'id' },
} as const satisfies Record<SortKey, keyof Sortable>;

const term = /^([a-z]+)(?:_(asc|desc))?$/;
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Reads `orderBy` (service owner API, section 17.5): keys with or without a direction, between commas.
 *
 * @returns undefined for a key or direction that there is not, or a key that comes twice
 */
export function parseOrder(text: string): Order | undefined {
  const terms: SortTerm[] = [];
  for (const part of text.toLowerCase().split(',')) {
    const [, name, direction] = term.exec(part.trim()) ?? [];
    const key = sortKeys.find((one) => one === name);
    if (key === undefined || terms.some((earlier) => earlier.key === key)) return undefined;
    terms.push({ key, direction: direction === 'asc' ? 'asc' : 'desc' });
  }
  const others = terms.filter(({ key }) => key !== 'id');
  const [first = newestFirst, ...rest] = others;
  return [first, ...rest, terms.find(({ key }) => key === 'id') ?? byId];
}

export function printOrder(order: Order): string {
  return order.map(({ key, direction }) => `${key}_${direction}`).join(',');
}

/**
 * Reads a continuation token for an order. Keys that the order does not have are passed over.
 *
 * @returns undefined when it lacks a key of the order, or cannot be read
 */
export function parseToken(token: string, order: Order): Position | undefined {
  const texts = new Map<string, string>();
  for (const part of token.split(',')) {
    const at = part.indexOf('_');
    const key = part.slice(0, at).toLowerCase();
    if (at < 1 || texts.has(key)) return undefined;
    texts.set(key, part.slice(at + 1));
  }
  const position: (string | null)[] = [];
  for (const { key } of order) {
    const value = parseValue(key, texts.get(key));
    if (value === undefined) return undefined;
    position.push(value);
  }
  return position;
}

/** The token of the page that ends with a dialog. */
export function printToken(order: Order, last: Sortable): string {
  return order.map(({ key }) => `${key}_${last[memberOf[key]] ?? ''}`).join(',');
}

function parseValue(key: SortKey, text: string | undefined): string | null | undefined {
  if (text === undefined) return undefined;
  if (key === 'id') return uuid.test(text.toLowerCase()) ? text.toLowerCase() : undefined;
  if (key === 'dueat' && text === '') return null;
  return parseTimestamp(text);
}
