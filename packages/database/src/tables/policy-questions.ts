import type { PolicyQuestion } from '@dialog/contracts/policy-grant';
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
