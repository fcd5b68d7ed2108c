import type { PolicyGrant, PolicyQuestion } from '@dialog/contracts/policy-grant';
import type { Timestamp } from '@dialog/contracts/timestamp';
import { sql } from 'kysely';
import type { Database } from '../open.ts';

/**
 * Adds questions that may be there. In one order, so that of two transactions with the same questions one simply waits.
 *
 * @returns those that were not there
 */
export async function insert(trx: Database, questions: readonly PolicyQuestion[]): Promise<PolicyQuestion[]> {
  if (questions.length === 0) return [];
  const { rows } = await sql<PolicyQuestion>`
    insert into policy_question (service_resource, action, attribute)
    select service_resource, action, attribute
    from unnest(
      ${questions.map(({ serviceResource }) => serviceResource)}::text[],
      ${questions.map(({ action }) => action)}::text[], ${questions.map(({ attribute }) => attribute)}::text[]
    ) as raised (service_resource, action, attribute)
    order by service_resource, action, attribute
    on conflict do nothing
    returning service_resource as "serviceResource", action, attribute
  `.execute(trx);
  return rows;
}

/**
 * What policies answer to some questions, in their order; undefined where there is no answer that counts. One counts that
 * is of the policy's present version, as long as the registry has confirmed not longer ago than `ageMsMax` that this is
 * the present one.
 */
export async function findGrants(
  db: Database,
  questions: readonly PolicyQuestion[],
  { ageMsMax }: { ageMsMax: number },
): Promise<(PolicyGrant | undefined)[]> {
  if (questions.length === 0) return [];
  const resources = questions.map(({ serviceResource }) => serviceResource);
  const actions = questions.map(({ action }) => action);
  const attributes = questions.map(({ attribute }) => attribute);
  const rows = await db
    .selectFrom(
      sql<{ service_resource: string; action: string; attribute: string; position: number }>`(
        select * from unnest(${resources}::text[], ${actions}::text[], ${attributes}::text[])
          with ordinality as question (service_resource, action, attribute, position)
      )`.as('asked'),
    )
    .innerJoin('policy_question as stored', (join) =>
      join
        .onRef('stored.service_resource', '=', 'asked.service_resource')
        .onRef('stored.action', '=', 'asked.action')
        .onRef('stored.attribute', '=', 'asked.attribute'),
    )
    .innerJoin('resource_policy as policy', (join) =>
      join
        .onRef('policy.service_resource', '=', 'stored.service_resource')
        .onRef('policy.version', '=', 'stored.policy_version'),
    )
    .select(['asked.position', 'stored.permits', 'stored.denies'])
    .where('policy.confirmed_at', '>', sql<Timestamp>`now() - ${ageMsMax} * interval '1 millisecond'`)
    .execute();
  const grants = new Array<PolicyGrant | undefined>(questions.length).fill(undefined);
  for (const { position, permits, denies } of rows) {
    if (permits !== null && denies !== null) grants[position - 1] = { permits, denies };
  }
  return grants;
}
