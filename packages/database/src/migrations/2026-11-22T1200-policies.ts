import { type Kysely, sql } from 'kysely';

/**
 * What the policies of service resources say, worked out before anybody reads.
 *
 * `policy_question` has one row for any number of dialogs that mention the same action on the same part of a service. The
 * dialog-worker adds it with the first such dialog; the authorization-worker answers it, and answers all questions of a
 * resource anew in the transaction in which `resource_policy` gets another version. An answer counts only as long as it
 * is of the policy's present version.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table resource_policy (
      service_resource text primary key,
      -- Of the document; null for a resource whose policy could not be read yet.
      version text,
      document text,
      minimum_level smallint,
      -- When the registry last gave us this document.
      confirmed_at timestamptz,
      -- When it was last asked, and what was wrong with the policy then.
      checked_at timestamptz not null,
      fault text
    );
    create index resource_policy_checked on resource_policy (checked_at);

    create table policy_question (
      service_resource text not null,
      action text not null,
      attribute text not null,
      asked_at timestamptz not null default now(),
      -- Of the policy that the answer is from; null as long as there is no answer.
      policy_version text,
      permits jsonb,
      denies jsonb,
      primary key (service_resource, action, attribute)
    );
    create index policy_question_unanswered on policy_question (service_resource) where policy_version is null;
  `.execute(db);
}
