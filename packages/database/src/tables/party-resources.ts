import { sql } from 'kysely';
import type { Database } from '../open.ts';
import { inTransaction } from '../transaction.ts';

/** That a party has at least one dialog of a service resource. Both in lower case. */
export type PartyResource = { party: string; serviceResource: string };

/**
 * Of some pairs, those that are there.
 *
 * Asking holds off {@link forgetUnused} until the end of the transaction: a pair that is found is still there when the
 * dialog that it is about has been created.
 */
export async function findKnown(trx: Database, pairs: readonly PartyResource[]): Promise<PartyResource[]> {
  if (pairs.length === 0) return [];
  return trx
    .selectFrom('party_resource as stored')
    .innerJoin(named(pairs).as('named'), (join) =>
      join.onRef('stored.party', '=', 'named.party').onRef('stored.service_resource', '=', 'named.service_resource'),
    )
    .select(['stored.party', 'stored.service_resource as serviceResource'])
    .execute();
}

/** Adds pairs that may be there. In one order, so that of two transactions with the same pairs one simply waits. */
export async function insert(trx: Database, pairs: readonly PartyResource[]): Promise<void> {
  if (pairs.length === 0) return;
  await sql`
    insert into party_resource (party, service_resource)
    select party, service_resource from ${named(pairs)} as named order by party, service_resource
    on conflict do nothing
  `.execute(trx);
}

/** Pairs that {@link addMissing} looks at in one statement: some hundredths of a second. */
const pairsPerHop = 5_000;
/** Any number that nothing else in the database locks. */
const addingLock = 1_300_700;

/**
 * Adds the pairs of dialogs that were created without: by a worker of a version that did not know of this table. Until
 * then, lists that go by this table do not have these dialogs.
 *
 * Goes from one pair to the next in an index, past the dialogs between them, so that it takes some 10 µs for each pair,
 * however many dialogs there are. One process does it at a time; for another there is nothing to do.
 *
 * @returns how many were missing
 */
export async function addMissing(db: Database, signal?: AbortSignal): Promise<number> {
  return db.connection().execute(async (connection) => {
    const lock = await sql<{ isMine: boolean }>`select pg_try_advisory_lock(${addingLock}) as "isMine"`.execute(
      connection,
    );
    if (lock.rows[0]?.isMine !== true) return 0;
    try {
      let added = 0;
      let last: PartyResource | undefined = { party: '', serviceResource: '' };
      while (last !== undefined && signal?.aborted !== true) {
        const hop: Hop | undefined = await addNext(connection, last);
        added += hop?.added ?? 0;
        last = hop;
      }
      return added;
    } finally {
      await sql`select pg_advisory_unlock(${addingLock})`.execute(connection);
    }
  });
}

type Hop = PartyResource & { added: number };

async function addNext(db: Database, { party, serviceResource }: PartyResource): Promise<Hop | undefined> {
  const { rows } = await sql<Hop>`
    with recursive pair (party, service_resource, nth) as (
      select * from (
        select party, service_resource, 1 from dialog
        where (party, service_resource) > (${party}, ${serviceResource}) order by party, service_resource limit 1
      ) as first
      union all
      select later.party, later.service_resource, nth + 1 from pair cross join lateral (
        select party, service_resource from dialog
        where (dialog.party, dialog.service_resource) > (pair.party, pair.service_resource)
        order by party, service_resource limit 1
      ) as later
      where nth < ${pairsPerHop}
    ), added as (
      insert into party_resource (party, service_resource)
      select party, service_resource from pair
      where not exists (
        select from party_resource as stored
        where stored.party = pair.party and stored.service_resource = pair.service_resource
      )
      order by party, service_resource
      on conflict do nothing
      returning party
    )
    select party, service_resource as "serviceResource", (select count(*) from added) as added
    from pair order by nth desc limit 1
  `.execute(db);
  return rows[0];
}

/** How long the table may be held, or waited for; creates wait behind whoever waits. */
const forgetMsMax = 1_000;

/**
 * Removes those of some pairs that no dialog is left of, in a transaction of its own, after the one that purged the
 * dialogs.
 *
 * A dialog may just be created by a transaction that has found its pair here and writes nothing. So the table is locked
 * against readers too, which waits for all such transactions, and only then is it decided. Pairs that seem to be in use
 * anyway, as most are, cost no lock.
 *
 * @throws when that takes too long; the pairs stay, which hides nothing from anybody
 */
export async function forgetUnused(db: Database, pairs: readonly PartyResource[]): Promise<void> {
  if (pairs.length === 0) return;
  await inTransaction(db, async (trx) => {
    const [, unused] = await Promise.all([
      sql`select set_config('lock_timeout', ${`${forgetMsMax}ms`}, true),
        set_config('statement_timeout', ${`${forgetMsMax}ms`}, true)`.execute(trx),
      trx
        .selectFrom(named(pairs).as('named'))
        .select(['named.party', 'named.service_resource as serviceResource'])
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('dialog')
                .select('id')
                .whereRef('dialog.party', '=', 'named.party')
                .whereRef('dialog.service_resource', '=', 'named.service_resource'),
            ),
          ),
        )
        .execute(),
    ]);
    if (unused.length === 0) return;
    await sql`lock table party_resource in access exclusive mode`.execute(trx);
    await sql`
      delete from party_resource as stored using ${named(unused)} as named
      where stored.party = named.party and stored.service_resource = named.service_resource
        and not exists (
          select from dialog where dialog.party = stored.party and dialog.service_resource = stored.service_resource
        )
    `.execute(trx);
  });
}

/**
 * Of some service resources, those that some parties have dialogs of. Parties with the same ones come together, because
 * most of tens of thousands have the same few.
 *
 * One statement that looks up each party once and passes over what is not asked for. Postgres would rather read the whole
 * table for a thousand parties, or look for each resource at each party; the barriers of `offset 0` keep it from both.
 */
export async function findInUse(
  db: Database,
  parties: readonly string[],
  resources: readonly string[],
): Promise<{ parties: string[]; resources: string[] }[]> {
  if (parties.length === 0 || resources.length === 0) return [];
  const { rows } = await sql<{ parties: string[]; resources: string[] }>`
    select to_jsonb(array_agg(party)) as parties, to_jsonb(resources) as resources
    from (select distinct party from unnest(${parties}::text[]) as party) as wanted
    cross join lateral (
      select array_agg(service_resource) as resources
      from (
        select service_resource from party_resource as stored
        where stored.party = wanted.party order by service_resource offset 0
      ) as used
      where service_resource = any(${resources}::text[])
    ) as of_party
    where resources is not null
    group by resources
  `.execute(db);
  return rows;
}

/** Every service resource that there is a dialog of, in order: one hop in the index for each, however many parties. */
export async function distinctResources(db: Database): Promise<string[]> {
  const { rows } = await sql<{ service_resource: string }>`
    with recursive resource (service_resource) as (
      (select service_resource from party_resource order by service_resource limit 1)
      union all
      select (
        select later.service_resource from party_resource as later
        where later.service_resource > resource.service_resource order by later.service_resource limit 1
      )
      from resource where resource.service_resource is not null
    )
    select service_resource from resource where service_resource is not null
  `.execute(db);
  return rows.map(({ service_resource }) => service_resource);
}

/** Pairs as a row set: two parameters, however many there are. */
function named(pairs: readonly PartyResource[]) {
  const parties = pairs.map(({ party }) => party);
  const resources = pairs.map(({ serviceResource }) => serviceResource);
  return sql<{ party: string; service_resource: string }>`(
    select * from unnest(${parties}::text[], ${resources}::text[]) as pair (party, service_resource)
  )`;
}
