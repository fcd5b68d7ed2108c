import { sql } from 'kysely';
import type { Database } from '../open.ts';

/** What some dialogs of a service ask of policies: each action and part once. A null attribute is the dialog itself. */
export type MentionedAction = { serviceResource: string; action: string | null; attribute: string | null };
export type MentionedPart = { serviceResource: string; attribute: string };

/** A part of a table, and where the next one begins; undefined at the end. */
export type Chunk<Mentioned> = { mentioned: Mentioned[]; next: string | undefined; rows: number };

/**
 * The actions of at most `limit` dialogs, by id, from after a position on. Reads of each row no more than its actions. A
 * service whose dialogs have none is named with a null action.
 */
export async function actionsAfter(
  db: Database,
  position: string | null,
  limit: number,
): Promise<Chunk<MentionedAction>> {
  const { rows } = await sql<{ mentioned: MentionedAction[] | null; last: string | null; rows: number }>`
    with chunk as materialized (
      select id, service_resource, gui_actions, api_actions from dialog
      where ${position}::uuid is null or id > ${position}::uuid order by id limit ${limit}
    ), mentioned as (
      select distinct chunk.service_resource as "serviceResource", action ->> 'action' as action,
        action ->> 'authorizationAttribute' as attribute
      from chunk left join lateral jsonb_array_elements(gui_actions || api_actions) as action on true
    )
    select (select jsonb_agg(mentioned) from mentioned) as mentioned,
      (select id from chunk order by id desc limit 1) as last, (select count(*) from chunk) as rows
  `.execute(db);
  return chunkOf(rows, limit);
}

/** The parts that guard at most `limit` transmissions, by dialog and id, from after a position on. */
export async function guardedPartsAfter(
  db: Database,
  position: string | null,
  limit: number,
): Promise<Chunk<MentionedPart>> {
  const [dialogId = null, id = null] = position?.split('/') ?? [];
  const { rows } = await sql<{ mentioned: MentionedPart[] | null; last: string | null; rows: number }>`
    with chunk as materialized (
      select dialog_id, id, authorization_attribute from dialog_transmission
      where ${dialogId}::uuid is null or (dialog_id, id) > (${dialogId}::uuid, ${id}::uuid)
      order by dialog_id, id limit ${limit}
    ), mentioned as (
      select distinct dialog.service_resource as "serviceResource", chunk.authorization_attribute as attribute
      from chunk join dialog on dialog.id = chunk.dialog_id where chunk.authorization_attribute is not null
    )
    select (select jsonb_agg(mentioned) from mentioned) as mentioned,
      (select dialog_id || '/' || id from chunk order by dialog_id desc, id desc limit 1) as last,
      (select count(*) from chunk) as rows
  `.execute(db);
  return chunkOf(rows, limit);
}

function chunkOf<Mentioned>(
  [row]: { mentioned: Mentioned[] | null; last: string | null; rows: number }[],
  limit: number,
): Chunk<Mentioned> {
  const { mentioned = null, last = null, rows = 0 } = row ?? {};
  return { mentioned: mentioned ?? [], next: rows < limit ? undefined : (last ?? undefined), rows };
}
