import type { Database } from '@dialog/database/open';
import type { DB } from '@dialog/database/schema';
import { type AliasableExpression, type Expression, type RawBuilder, type SqlBool, sql } from 'kysely';
import { conditionsOf, type DialogFilter, dueOrNever, type Reach } from './filter.ts';
import type { Order, Position, SortKey } from './order.ts';

/** One page of the dialogs that a filter lets through. */
export type PageRequest = {
  filter: DialogFilter;
  order: Order;
  /** The page begins after it; at the first dialog when it is null. */
  after: Position | null;
  limit: number;
};

export type Page<Item> = { items: Item[]; hasNextPage: boolean };

const columnOf = {
  contentupdatedat: 'content_updated_at',
  updatedat: 'updated_at',
  createdat: 'created_at',
  dueat: 'due_at',
  id: 'id',
} as const satisfies Record<SortKey, keyof DB['dialog']>;

const sortColumns = ['id', 'content_updated_at', 'updated_at', 'created_at', 'due_at'] as const;

/** Dialogs by what they are sorted by. */
type Picked = Pick<DB['dialog'], (typeof sortColumns)[number]>;

/**
 * The dialogs of a page and one more, if there is one, unsorted. Only what is sorted by is read of those that do not
 * make it into the page.
 *
 * A page begins where the last one ended by comparing with that item's values, not by counting: it costs the same
 * however deep it is, and no change elsewhere moves it.
 */
export function pickDialogs(db: Database, page: PageRequest): AliasableExpression<Picked> {
  const { reach, parties, serviceResources } = page.filter;
  if (reach !== undefined) return pickWithinReach(db, page, reach);
  const ofResources = oneOf('service_resource', serviceResources);
  if (parties.length > 0) return pickByValue(db, page, 'party', parties, ofResources);
  if (serviceResources.length > 0) return pickByValue(db, page, 'service_resource', serviceResources, []);
  return candidates(db, page, []);
}

/** The rows of a page, from the rows of its dialogs and the one after it. */
export function pageFrom<Row>(rows: Row[], limit: number): Page<Row> {
  return { items: rows.slice(0, limit), hasNextPage: rows.length > limit };
}

/** In the order of the page; `table` is what the sort columns are read from. */
export function sorting(order: Order, table: string): RawBuilder<unknown> {
  return sql.join(order.map(({ key, direction }) => sql`${sortExpression(key, table)} ${sql.raw(direction)}`));
}

type Lead = 'party' | 'service_resource';
type Condition = Expression<SqlBool>;

function candidates(db: Database, { filter, order, after, limit }: PageRequest, also: readonly Condition[]) {
  return db
    .selectFrom('dialog')
    .select(sortColumns)
    .where((eb) => eb.and([...conditionsOf(eb, filter), ...also, ...(after === null ? [] : [isBehind(order, after)])]))
    .orderBy(sorting(order, 'dialog'))
    .limit(limit + 1);
}

/**
 * The first of those that have one of some values. Each value is looked up by itself, in the order of an index that
 * begins with it; together, all that have any of the values would have to be read and sorted.
 */
function pickByValue(
  db: Database,
  page: PageRequest,
  column: Lead,
  values: readonly string[],
  also: readonly Condition[],
): AliasableExpression<Picked> {
  const isValue = (value: unknown) => sql<SqlBool>`${sql.ref(`dialog.${column}`)} = ${value}`;
  if (values.length === 1) return candidates(db, page, [isValue(values[0]), ...also]);
  const found = candidates(db, page, [isValue(sql.ref('wanted.value')), ...also]);
  return firstOfEach(db, page, sql`unnest(${values}::text[]) as wanted (value)`, found);
}

/** The first of those that are in a resource and of a party that the end user may read, or that are named one by one. */
function pickWithinReach(
  db: Database,
  page: PageRequest,
  { resourcesByParty, dialogIds }: Reach,
): AliasableExpression<Picked> {
  const { parties, serviceResources } = page.filter;
  const asked = [...oneOf('party', parties), ...oneOf('service_resource', serviceResources)];
  const named = candidates(db, page, [sql<SqlBool>`dialog.id = any(${[...dialogIds]}::uuid[])`, ...asked]);
  if (resourcesByParty.size === 0) return named;

  const granted = sql<SqlBool>`dialog.party = wanted.party and dialog.service_resource = any(wanted.resources)`;
  const ofParty = candidates(db, page, [granted, ...asked]);
  const ofParties = firstOfEach(db, page, grants(resourcesByParty), ofParty);
  if (dialogIds.size === 0) return ofParties;
  const both = db
    .selectFrom(ofParties.as('of'))
    .selectAll()
    .union(db.selectFrom(named.as('named')).selectAll());
  return first(db, page, both);
}

/** Parties and what may be read of each, as rows. Parties with the same roles have the same resources: named once. */
function grants(resourcesByParty: Reach['resourcesByParty']): RawBuilder<unknown> {
  const partiesByResources = new Map<ReadonlySet<string>, string[]>();
  for (const [party, resources] of resourcesByParty) {
    const parties = partiesByResources.get(resources);
    if (parties === undefined) partiesByResources.set(resources, [party]);
    else parties.push(party);
  }
  const groups = [...partiesByResources].map(([resources, parties]) => ({ parties, resources: [...resources] }));
  return sql`(
    select party, resources
    from json_to_recordset(${JSON.stringify(groups)}) as same (parties text[], resources text[]), unnest(parties) as party
  ) as wanted`;
}

function firstOfEach(
  db: Database,
  page: PageRequest,
  wanted: RawBuilder<unknown>,
  found: ReturnType<typeof candidates>,
): AliasableExpression<Picked> {
  return first(db, page, sql<Picked>`(select found.* from ${wanted} cross join lateral ${found} as found)`);
}

function first(db: Database, { order, limit }: PageRequest, of: AliasableExpression<Picked>) {
  return db
    .selectFrom(of.as('found'))
    .select(sortColumns)
    .orderBy(sorting(order, 'found'))
    .limit(limit + 1);
}

function oneOf(column: Lead, values: readonly string[]): Condition[] {
  return values.length === 0 ? [] : [sql<SqlBool>`${sql.ref(`dialog.${column}`)} = any(${values}::text[])`];
}

/**
 * Whether a dialog comes after a position. Where all keys run the same way, one comparison of rows says it, which an
 * index on those keys understands; otherwise the first key bounds what is read.
 */
function isBehind(order: Order, after: Position): Condition {
  const keys = order.map(({ key, direction }, index) => ({
    value: sortValue(key, after[index] ?? null),
    column: sortExpression(key, 'dialog'),
    behind: direction === 'asc' ? sql`>` : sql`<`,
    direction,
  }));
  const [first] = keys;
  if (first !== undefined && keys.every(({ direction }) => direction === first.direction)) {
    const columns = sql.join(keys.map(({ column }) => column));
    return sql<SqlBool>`(${columns}) ${first.behind} (${sql.join(keys.map(({ value }) => value))})`;
  }
  return keys.reduceRight<RawBuilder<SqlBool>>(
    (rest, { column, value, behind }) =>
      sql`(${column} ${behind}= ${value} and (${column} ${behind} ${value} or ${rest}))`,
    sql`false`,
  );
}

function sortExpression(key: SortKey, table: string): RawBuilder<unknown> {
  return key === 'dueat' ? dueOrNever(table) : sql.ref(`${table}.${columnOf[key]}`);
}

function sortValue(key: SortKey, value: string | null): RawBuilder<unknown> {
  return key === 'id' ? sql`${value}::uuid` : sql`${value ?? 'infinity'}::timestamptz`;
}
