import type { Timestamp } from '@dialog/contracts/timestamp';
import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../open.ts';

/** When a policy is asked for again, in milliseconds. */
export type PolicyAges = {
  /** This long after it was asked for. */
  ageMsMax: number;
  /** This long after nobody could tell what it is. */
  retryMs: number;
};

/** What is stored of a policy, and the present moment by the clock of the database, for the case that it is asked for. */
export type StoredPolicy = { version: string | null; document: string | null; isDue: boolean; askedAt: Timestamp };

/** A resource whose policy was never asked for is due. */
export async function find(db: Database, serviceResource: string, ages: PolicyAges): Promise<StoredPolicy> {
  const { rows } = await sql<StoredPolicy>`
    select policy.version, policy.document, now() as "askedAt",
      coalesce(${isDue(ages)}, true) as "isDue"
    from (select) as present left join resource_policy as policy on policy.service_resource = ${serviceResource}
  `.execute(db);
  const [stored] = rows;
  if (stored === undefined) throw new Error('A row that is always there is missing.');
  return stored;
}

/** Policies that are due, the one that waits longest first. */
export async function due(db: Database, ages: PolicyAges, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('resource_policy as policy')
    .select('policy.service_resource as serviceResource')
    .where(isDue(ages))
    .orderBy('policy.checked_at')
    .limit(limit)
    .execute();
  return rows.map(({ serviceResource }) => serviceResource);
}

/**
 * Which questions wait although they could be answered, or their policy asked for, right now: those whose job is lost.
 * Those that have just been asked are left to their job.
 *
 * @returns the resources
 */
export async function neglected(
  db: Database,
  ages: PolicyAges,
  { waitedMs, limit }: { waitedMs: number; limit: number },
): Promise<string[]> {
  const rows = await db
    .selectFrom('policy_question as question')
    .leftJoin('resource_policy as policy', 'policy.service_resource', 'question.service_resource')
    .select('question.service_resource as serviceResource')
    .distinct()
    .where('question.policy_version', 'is', null)
    .where('question.asked_at', '<=', ago(waitedMs))
    .where(({ or, eb }) =>
      or([
        eb('policy.service_resource', 'is', null),
        eb('policy.version', 'is not', null),
        // Never true of a row that is missing.
        isDue(ages),
      ]),
    )
    .limit(limit)
    .execute();
  return rows.map(({ serviceResource }) => serviceResource);
}

/** The version that answers are of; null as long as there is none. */
export type LockedPolicy = { version: string | null; document: string | null; askedAt: Timestamp | null };

/**
 * Takes a resource's policy until the end of the transaction: who answers questions has it to himself.
 *
 * @returns when it was last asked for, and what came of it
 */
export async function lock(trx: Database, serviceResource: string): Promise<LockedPolicy> {
  const [, policy] = await Promise.all([
    // A row that two workers add at once is one of them's, and the other finds it.
    sql`
      insert into resource_policy (service_resource, checked_at) values (${serviceResource}, '-infinity')
      on conflict do nothing
    `.execute(trx),
    trx
      .selectFrom('resource_policy')
      .select(['version', 'document'])
      .select(sql<Timestamp | null>`nullif(checked_at, '-infinity')`.as('askedAt'))
      .where('service_resource', '=', serviceResource)
      .forUpdate()
      .executeTakeFirstOrThrow(),
  ]);
  return policy;
}

/** The registry has the same document as before. */
export async function confirm(trx: Database, serviceResource: string, askedAt: Timestamp): Promise<void> {
  await update(trx, serviceResource, { confirmed_at: askedAt, checked_at: askedAt });
}

/** The registry has another document. Its questions must be answered in the same transaction. */
export async function replace(
  trx: Database,
  serviceResource: string,
  policy: { version: string; document: string; minimumLevel: number | undefined; askedAt: Timestamp },
): Promise<void> {
  const { version, document, minimumLevel, askedAt } = policy;
  await update(trx, serviceResource, {
    ...{ version, document, minimum_level: minimumLevel ?? null, fault: null },
    ...{ confirmed_at: askedAt, checked_at: askedAt },
  });
}

/** There is no policy, or none that can be read: no answer counts any more, but a level that was demanded still is. */
export async function refuse(
  trx: Database,
  serviceResource: string,
  { fault, askedAt }: { fault: string; askedAt: Timestamp },
): Promise<void> {
  await update(trx, serviceResource, { version: null, document: null, fault, checked_at: askedAt });
}

/** Nobody could tell: everything stays as it was. */
export async function noteAsked(trx: Database, serviceResource: string, askedAt: Timestamp): Promise<void> {
  await update(trx, serviceResource, { checked_at: askedAt });
}

/**
 * The registry says that these policies may have changed; those nobody has asked anything are left out.
 *
 * @returns the others: they are due now, also when somebody is just asking for one
 */
export async function markChanged(db: Database, serviceResources: readonly string[]): Promise<string[]> {
  if (serviceResources.length === 0) return [];
  const rows = await db
    .updateTable('resource_policy')
    .set({ changed_at: sql<Timestamp>`clock_timestamp()` })
    .where('service_resource', '=', sql<string>`any(${serviceResources}::text[])`)
    .returning('service_resource as serviceResource')
    .execute();
  return rows.map(({ serviceResource }) => serviceResource);
}

/** `unread`: there was never an answer of the registry. `unconfirmed`: not for longer than `ageMsMax`. */
export type PolicyState = 'confirmed' | 'unconfirmed' | 'faulty' | 'unread';

export async function countByState(
  db: Database,
  { ageMsMax }: { ageMsMax: number },
): Promise<Map<PolicyState, number>> {
  const { rows } = await sql<{ state: PolicyState; policies: number }>`
    select
      case
        when fault is not null then 'faulty' when version is null then 'unread'
        when confirmed_at <= ${ago(ageMsMax)} then 'unconfirmed' else 'confirmed'
      end as state,
      count(*) as policies
    from resource_policy group by 1
  `.execute(db);
  return new Map(rows.map(({ state, policies }) => [state, policies]));
}

/** Of rows that are called `policy`. What was asked for before a change may be what was there before it. */
function isDue({ ageMsMax, retryMs }: PolicyAges): RawBuilder<boolean> {
  return sql<boolean>`(
    policy.checked_at <= ${ago(ageMsMax)} or coalesce(policy.changed_at >= policy.checked_at, false)
    or (policy.fault is null and policy.confirmed_at is distinct from policy.checked_at
      and policy.checked_at <= ${ago(retryMs)})
  )`;
}

function ago(ms: number): RawBuilder<Timestamp> {
  return sql<Timestamp>`now() - ${ms} * interval '1 millisecond'`;
}

type Columns = {
  version?: string | null;
  document?: string | null;
  minimum_level?: number | null;
  fault?: string | null;
  confirmed_at?: Timestamp;
  checked_at: Timestamp;
};

async function update(trx: Database, serviceResource: string, columns: Columns): Promise<void> {
  await trx.updateTable('resource_policy').set(columns).where('service_resource', '=', serviceResource).execute();
}

export type StoredLevel = {
  /** Undefined when the policy demands none. */
  level: number | undefined;
  /** Whether it is long ago that the registry confirmed the policy. */
  isLate: boolean;
};

/**
 * The minimum levels of authentication that policies demand, by service resource.
 *
 * @param resources URNs in lower case. Those whose policy was never read are left out
 */
export async function findLevels(
  db: Database,
  resources: readonly string[],
  { ageMsMax }: { ageMsMax: number },
): Promise<ReadonlyMap<string, StoredLevel>> {
  const rows = await db
    .selectFrom('resource_policy')
    .select(['service_resource as resource', 'minimum_level as level'])
    .select(sql<boolean>`confirmed_at <= now() - ${ageMsMax} * interval '1 millisecond'`.as('isLate'))
    .where('service_resource', '=', sql<string>`any(${resources}::text[])`)
    .where('confirmed_at', 'is not', null)
    .execute();
  return new Map(rows.map(({ resource, level, isLate }) => [resource, { level: level ?? undefined, isLate }]));
}

/** What is wrong with the policies of some service resources, by resource. Those of which nothing is known are left out. */
export async function findFaults(db: Database, resources: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const rows = await db
    .selectFrom('resource_policy')
    .select(['service_resource as resource', 'fault'])
    .where('service_resource', '=', sql<string>`any(${resources}::text[])`)
    .where('fault', 'is not', null)
    .$narrowType<{ fault: string }>()
    .execute();
  return new Map(rows.map(({ resource, fault }) => [resource, fault]));
}
