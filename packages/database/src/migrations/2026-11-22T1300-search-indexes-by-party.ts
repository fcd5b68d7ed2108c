import { type Kysely, sql } from 'kysely';

/**
 * What the lists of end users are found and sorted by: the dialogs of a party and a service resource, by each time.
 *
 * An end user may read some of the services of a party. By an index on the party alone, the dialogs of all its services
 * would be gone through in order: where the newest 999,000 of a million are not for this reader, that took seconds.
 * Where dialogs have been put has indexes of its own: hardly anything may be in the bin, and hardly anything not archived.
 *
 * What every list asks of a dialog is in the indexes as well, where it is null for most and takes eight bytes: to find the
 * first dialog of each of 4,000 pairs then takes half the time, as the dialogs themselves are not looked at.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index dialog_party_content_updated on dialog (party, service_resource, content_updated_at, id)
      include (deleted_at, visible_from, expires_at);
    create index dialog_party_updated on dialog (party, service_resource, updated_at, id)
      include (deleted_at, visible_from, expires_at);
    create index dialog_party_created on dialog (party, service_resource, created_at, id)
      include (deleted_at, visible_from, expires_at);
    create index dialog_party_due on dialog (party, service_resource, coalesce(due_at, 'infinity'), id)
      include (deleted_at, visible_from, expires_at, due_at);
    create index dialog_party_default on dialog (party, service_resource, content_updated_at, id)
      include (deleted_at, visible_from, expires_at) where system_labels @> array['Default'];
    create index dialog_party_archive on dialog (party, service_resource, content_updated_at, id)
      include (deleted_at, visible_from, expires_at) where system_labels @> array['Archive'];
    create index dialog_party_bin on dialog (party, service_resource, content_updated_at, id)
      include (deleted_at, visible_from, expires_at) where system_labels @> array['Bin'];
    drop index dialog_party;
  `.execute(db);
}
