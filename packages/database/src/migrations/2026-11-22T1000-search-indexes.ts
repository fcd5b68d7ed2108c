import { type Kysely, sql } from 'kysely';

/**
 * What lists of dialogs are found and sorted by.
 *
 * Together they take Postgres some 50 µs of each new dialog, beside 240 for the rest. A fifth of that is the party's: a new
 * dialog comes last by every time, but its party may be anywhere. What only some dialogs have is indexed for those alone.
 * A filter that has no index here is applied to what the others let through.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index dialog_content_updated on dialog (org, content_updated_at, id);
    create index dialog_updated on dialog (org, updated_at, id);
    create index dialog_created on dialog (org, created_at, id);
    -- What is never due comes after all that is, in order and in comparisons alike.
    create index dialog_due on dialog (org, coalesce(due_at, 'infinity'), id);
    create index dialog_party on dialog (party, content_updated_at, id);
    create index dialog_service_resource on dialog (org, service_resource, content_updated_at, id);
    create index dialog_external_reference on dialog (org, external_reference) where external_reference is not null;
    create index dialog_process on dialog (org, process) where process is not null;
    create index dialog_service_owner_labels on dialog using gin (array_to_tsvector(service_owner_labels))
      where service_owner_labels <> '{}';
  `.execute(db);
}
