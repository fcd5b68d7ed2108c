import { sql } from 'kysely';
import type { Database } from '../open.ts';

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
