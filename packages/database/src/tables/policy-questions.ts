import type { PolicyGrant, PolicyQuestion } from '@dialog/contracts/policy-grant';
import type { Timestamp } from '@dialog/contracts/timestamp';
import { sql } from 'kysely';
import type { Database } from '../open.ts';

/** What a question asks, where it is clear whose policy is asked. */
export type AskedPair = Pick<PolicyQuestion, 'action' | 'attribute'>;

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
 * the present one, and has not told of a change since.
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
    .where(sql<boolean>`coalesce(policy.changed_at < policy.confirmed_at, true)`)
    .execute();
  const grants = new Array<PolicyGrant | undefined>(questions.length).fill(undefined);
  for (const { position, permits, denies } of rows) {
    if (permits !== null && denies !== null) grants[position - 1] = { permits, denies };
  }
  return grants;
}

/** Questions to one policy that have no answer yet. */
export async function unanswered(db: Database, serviceResource: string, limit: number): Promise<AskedPair[]> {
  return db
    .selectFrom('policy_question')
    .select(['action', 'attribute'])
    .where('service_resource', '=', serviceResource)
    .where('policy_version', 'is', null)
    .limit(limit)
    .execute();
}

/** All questions to one policy, page by page. @param after the last of the page before */
export async function page(
  db: Database,
  serviceResource: string,
  after: AskedPair | undefined,
  limit: number,
): Promise<AskedPair[]> {
  return db
    .selectFrom('policy_question')
    .select(['action', 'attribute'])
    .where('service_resource', '=', serviceResource)
    .$if(after !== undefined, (query) =>
      query.where(sql<boolean>`(action, attribute) > (${after?.action}, ${after?.attribute})`),
    )
    .orderBy('action')
    .orderBy('attribute')
    .limit(limit)
    .execute();
}

/**
 * Writes what a version of a policy answers, in a transaction that has the policy's row locked.
 *
 * @returns how many questions there were
 */
export async function answer(
  trx: Database,
  { serviceResource, version }: { serviceResource: string; version: string },
  answers: readonly (AskedPair & PolicyGrant)[],
): Promise<number> {
  if (answers.length === 0) return 0;
  const { numAffectedRows = 0n } = await sql`
    update policy_question as stored
    set policy_version = ${version}, permits = answered.permits, denies = answered.denies
    from json_populate_recordset(null::policy_question, ${JSON.stringify(answers)}) as answered
    where stored.service_resource = ${serviceResource}
      and stored.action = answered.action and stored.attribute = answered.attribute
  `.execute(trx);
  return Number(numAffectedRows);
}

/** What waits for an answer, faulty policies apart, whose questions have none; oldestAt is undefined when nothing does. */
export async function backlog(db: Database): Promise<{ questions: number; oldestAt: Timestamp | undefined }> {
  const { questions, oldestAt } = await db
    .selectFrom('policy_question as question')
    .leftJoin('resource_policy as policy', 'policy.service_resource', 'question.service_resource')
    .select(({ fn }) => [fn.countAll<number>().as('questions'), fn.min('question.asked_at').as('oldestAt')])
    .where('question.policy_version', 'is', null)
    .where('policy.fault', 'is', null)
    .executeTakeFirstOrThrow();
  return { questions, oldestAt: oldestAt ?? undefined };
}
