import { parsePolicy } from '@dialog/access/policy';
import { grantOf } from '@dialog/access/policy-reduction';
import type { PolicyQuestion } from '@dialog/contracts/policy-grant';
import type { Database } from '@dialog/database/open';
import { sql } from 'kysely';

/**
 * Answers every question that dialogs have raised so far, as the authorization-worker does.
 *
 * @param policyOf the XACML document of a resource by its id; undefined for one that has none
 */
export async function readPolicies(
  db: Database,
  policyOf: (resourceId: string) => Promise<string | undefined>,
): Promise<void> {
  const questions = await db
    .selectFrom('policy_question')
    .select(['service_resource as serviceResource', 'action', 'attribute'])
    .execute();
  for (const [resource, asked] of Map.groupBy(questions, ({ serviceResource }) => serviceResource)) {
    const document = await policyOf(resource.slice(resource.lastIndexOf(':') + 1));
    try {
      if (document === undefined) throw new Error('The resource has no policy.');
      await answer(db, resource, document, asked);
    } catch (err) {
      const fault = err instanceof Error ? err.message : String(err);
      await sql`
        insert into resource_policy (service_resource, checked_at, fault) values (${resource}, now(), ${fault})
      `.execute(db);
    }
  }
}

async function answer(db: Database, resource: string, document: string, asked: readonly PolicyQuestion[]) {
  const policy = parsePolicy(document);
  await sql`
    insert into resource_policy (service_resource, version, minimum_level, confirmed_at, checked_at)
    values (${resource}, '1', ${policy.minimumLevel ?? null}, now(), now())
  `.execute(db);
  const answers = asked.map((question) => ({ ...question, ...grantOf(policy, question) }));
  await sql`
    update policy_question as stored
    set policy_version = '1', permits = answered.permits, denies = answered.denies
    from jsonb_to_recordset(${JSON.stringify(answers)}) as answered (
      "serviceResource" text, action text, attribute text, permits jsonb, denies jsonb
    )
    where stored.service_resource = answered."serviceResource"
      and stored.action = answered.action and stored.attribute = answered.attribute
  `.execute(db);
}
