import { type Kysely, sql } from 'kysely';

/**
 * Which service resources a party has dialogs of: one row for any number of dialogs. Lists of end users and the
 * catalogue of services ask for it; `dialog` itself could only answer by reading all of a party's dialogs.
 *
 * Dialogs that an older worker creates after this are not in it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table party_resource (
      party text not null,
      service_resource text not null,
      primary key (party, service_resource)
    );
    -- The catalogue hops from one resource to the next.
    create index party_resource_service_resource on party_resource (service_resource);

    insert into party_resource (party, service_resource) select distinct party, service_resource from dialog;
  `.execute(db);
}
