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

/** Dialogs, by their ids and what they are sorted by. */
type Picked = Pick<DB['dialog'], 'id'>;

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
  if (parties.length > 0 && serviceResources.length > 0) {
    const all = new Set(serviceResources);
    return pickOfPairs(db, page, new Map(parties.map((party) => [party, all])));
  }
  if (parties.length > 0) return pickOfLeaders(db, page, pairsOf(parties));
  if (serviceResources.length > 0) return pickByResource(db, page, serviceResources);
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

type Condition = Expression<SqlBool>;
type Pairs = ReadonlyMap<string, ReadonlySet<string>>;

/** No more than that is read of candidates: an index that has it all has to be read alone. */
function sortColumns(order: Order) {
  return order.map(({ key }) => columnOf[key]);
}

function candidates(db: Database, page: PageRequest, also: readonly Condition[], limit = page.limit + 1) {
  const { filter, order, after } = page;
  return db
    .selectFrom('dialog')
    .select(sortColumns(order))
    .where((eb) => eb.and([...conditionsOf(eb, filter), ...also, ...(after === null ? [] : [isBehind(order, after)])]))
    .orderBy(sorting(order, 'dialog'))
    .limit(limit);
}

/**
 * The first of those of some service resources. Each is looked up by itself, in the order of an index that begins with
 * it; together, all that are of any of them would have to be read and sorted.
 */
function pickByResource(db: Database, page: PageRequest, resources: readonly string[]): AliasableExpression<Picked> {
  const isOfResource = (resource: Expression<unknown>) => sql<SqlBool>`dialog.service_resource = ${resource}`;
  const [only] = resources;
  if (resources.length === 1) return candidates(db, page, [isOfResource(sql.val(only))]);
  const found = candidates(db, page, [isOfResource(sql.ref('wanted.resource'))]);
  return first(
    db,
    page,
    sql<Picked>`(
      select found.* from unnest(${resources}::text[]) as wanted (resource) cross join lateral ${found} as found
    )`,
  );
}

/** The first of those that are of a party and a resource that the end user may read, or that are named one by one. */
function pickWithinReach(db: Database, page: PageRequest, reach: Reach): AliasableExpression<Picked> {
  const { parties, serviceResources } = page.filter;
  const asked = [...oneOf('party', parties), ...oneOf('service_resource', serviceResources)];
  const named = candidates(db, page, [sql<SqlBool>`dialog.id = any(${[...reach.dialogIds]}::uuid[])`, ...asked]);
  const pairs = asFarAsAsked(reach.resourcesByParty, page.filter);
  if (pairs.size === 0) return named;
  const ofPairs = pickOfPairs(db, page, pairs);
  if (reach.dialogIds.size === 0) return ofPairs;
  const both = db
    .selectFrom(ofPairs.as('of'))
    .selectAll()
    .union(db.selectFrom(named.as('named')).selectAll());
  return first(db, page, both);
}

/**
 * So many pairs of a party and a resource are looked up one by one; fewer where words are searched for, which are looked
 * for at each. A pair takes Postgres a tenth of a millisecond to plan.
 */
const plannedPairsMax = 12;

/**
 * The first of those of some parties and resources. A few pairs stand in the statement each by itself: Postgres then
 * knows which of them have a million dialogs and which have three.
 */
function pickOfPairs(db: Database, page: PageRequest, resourcesByParty: Pairs): AliasableExpression<Picked> {
  let count = 0;
  for (const resources of resourcesByParty.values()) count += resources.size;
  if (count > 1 && count * Math.max(1, page.filter.freeTexts?.length ?? 1) > plannedPairsMax) {
    return pickOfLeaders(db, page, grouped(resourcesByParty));
  }
  const queries = [...resourcesByParty].flatMap(([party, resources]) =>
    [...resources].map((resource) => candidates(db, page, [isOf(sql.val(party), sql.val(resource))])),
  );
  const [only] = queries;
  if (only !== undefined && queries.length === 1) return only;
  return first(db, page, sql<Picked>`(${sql.join(queries, sql` union all `)})`);
}

/**
 * The same of any number of pairs. First comes one dialog of each, the one that is first in the order. A page cannot have
 * dialogs of more pairs than it has places, and these are the pairs whose first dialogs come first: only they are read
 * further, and only as far as the last of those first dialogs where there are enough of them. So it takes a look-up in
 * an index for each pair, and beyond that hardly more rows than the page has.
 */
function pickOfLeaders(db: Database, page: PageRequest, pairs: RawBuilder<unknown>): AliasableExpression<Picked> {
  const { order, limit } = page;
  const head = candidates(db, page, [isOf(sql.ref('wanted.party'), sql.ref('wanted.resource'))], 1);
  const ofLeader = isOf(sql.ref('leader.party'), sql.ref('leader.resource'));
  const found = candidates(db, page, [ofLeader, isNotBehindLast(order)]);
  return first(
    db,
    page,
    sql<Picked>`(
      with leader as materialized (
        select wanted.*, head.* from ${pairs} as wanted cross join lateral ${head} as head
        order by ${sorting(order, 'head')} limit ${limit + 1}
      ), last as materialized (
        select * from leader order by ${sorting(order, 'leader')} offset ${limit} limit 1
      )
      select found.* from leader cross join lateral ${found} as found
    )`,
  );
}

/** Whether a dialog comes no later than what `last` has, if it has anything: by the first key, or by all where one way. */
function isNotBehindLast(order: Order): Condition {
  const [{ direction }] = order;
  const keys = runsOneWay(order) ? order : order.slice(0, 1);
  const [operator, moment, id] =
    direction === 'desc'
      ? ['>=', '-infinity', '00000000-0000-0000-0000-000000000000']
      : ['<=', 'infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff'];
  const columns = sql.join(keys.map(({ key }) => sortExpression(key, 'dialog')));
  const values = keys.map(
    ({ key }) => sql`coalesce((select ${sortExpression(key, 'last')} from last), ${key === 'id' ? id : moment})`,
  );
  return sql<SqlBool>`(${columns}) ${sql.raw(operator)} (${sql.join(values)})`;
}

function isOf(party: Expression<unknown>, resource: Expression<unknown>): Condition {
  return sql<SqlBool>`dialog.party = ${party} and dialog.service_resource = ${resource}`;
}

function asFarAsAsked(
  resourcesByParty: Pairs,
  { parties, serviceResources }: Pick<DialogFilter, 'parties' | 'serviceResources'>,
): Pairs {
  if (parties.length === 0 && serviceResources.length === 0) return resourcesByParty;
  const kept = new Map<string, ReadonlySet<string>>();
  for (const party of parties.length === 0 ? resourcesByParty.keys() : parties) {
    const resources = resourcesByParty.get(party) ?? new Set();
    const both =
      serviceResources.length === 0 ? resources : new Set(serviceResources.filter((one) => resources.has(one)));
    if (both.size > 0) kept.set(party, both);
  }
  return kept;
}

/** Pairs as rows. Parties with the same roles have the same resources: named once. */
function grouped(resourcesByParty: Pairs): RawBuilder<unknown> {
  const partiesByResources = new Map<ReadonlySet<string>, string[]>();
  for (const [party, resources] of resourcesByParty) {
    const parties = partiesByResources.get(resources);
    if (parties === undefined) partiesByResources.set(resources, [party]);
    else parties.push(party);
  }
  const groups = [...partiesByResources].map(([resources, parties]) => ({ parties, resources: [...resources] }));
  return sql`(
    select party, resource
    from json_to_recordset(${JSON.stringify(groups)}) as same (parties text[], resources text[]),
      unnest(parties) as party, unnest(resources) as resource
  )`;
}

/** The pairs that some parties have dialogs of: from one to the next in an index, past the dialogs between them. */
function pairsOf(parties: readonly string[]): RawBuilder<unknown> {
  const next = (after: RawBuilder<unknown>) => sql`(
    select service_resource from dialog where dialog.party = asked.party ${after} order by service_resource limit 1
  )`;
  return sql`(
    select asked.party, hop.resource
    from unnest(${parties}::text[]) as asked (party) cross join lateral (
      with recursive hop (resource) as (
        ${next(sql``)}
        union all
        select later.service_resource
        from hop cross join lateral ${next(sql`and dialog.service_resource > hop.resource`)} as later
      )
      select resource from hop
    ) as hop
  )`;
}

function first(db: Database, { order, limit }: PageRequest, of: AliasableExpression<Picked>) {
  return db
    .selectFrom(of.as('found'))
    .selectAll()
    .orderBy(sorting(order, 'found'))
    .limit(limit + 1);
}

function oneOf(column: 'party' | 'service_resource', values: readonly string[]): Condition[] {
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
  }));
  const [first] = keys;
  if (first !== undefined && runsOneWay(order)) {
    const columns = sql.join(keys.map(({ column }) => column));
    return sql<SqlBool>`(${columns}) ${first.behind} (${sql.join(keys.map(({ value }) => value))})`;
  }
  return keys.reduceRight<RawBuilder<SqlBool>>(
    (rest, { column, value, behind }) =>
      sql`(${column} ${behind}= ${value} and (${column} ${behind} ${value} or ${rest}))`,
    sql`false`,
  );
}

function runsOneWay(order: Order): boolean {
  return order.every(({ direction }) => direction === order[0].direction);
}

function sortExpression(key: SortKey, table: string): RawBuilder<unknown> {
  return key === 'dueat' ? dueOrNever(table) : sql.ref(`${table}.${columnOf[key]}`);
}

function sortValue(key: SortKey, value: string | null): RawBuilder<unknown> {
  return key === 'id' ? sql`${value}::uuid` : sql`${value ?? 'infinity'}::timestamptz`;
}
