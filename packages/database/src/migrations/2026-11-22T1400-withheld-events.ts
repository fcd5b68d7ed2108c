import { type Kysely, sql } from 'kysely';

/**
 * What the party is told of a dialog later: the events that wait until it can see the dialog, and when time alone will
 * make something of that happen.
 *
 * The events are kept and not worked out from the dialog when its time has come: its children do not tell in which order
 * they came, nor which of them were added silently. Dialogs that an older worker creates after this have none and are
 * never due; their party hears of the next change as before.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table withheld_event (
      dialog_id uuid not null,
      -- From 1 in each dialog.
      seq integer not null,
      -- dialogEvent of the contracts.
      event jsonb not null,
      primary key (dialog_id, seq)
    );

    alter table dialog
      -- Null once the party has been told of the dialog.
      add column withheld_events_count integer,
      add column visibility_due_at timestamptz;
    -- Dialogs without dates are not in it, so that it costs them nothing.
    create index dialog_visibility_due on dialog (visibility_due_at, id) where visibility_due_at is not null;

    with event (dialog_id, place, child_id, event) as (
      select id, 0, id, jsonb_build_object('type', 'DialogCreated')
      from dialog where visible_from > now()
      union all
      select dialog_id, 1, transmission.id, jsonb_build_object(
        'type', 'DialogTransmissionCreated', 'transmissionId', transmission.id, 'senderType', sender -> 'actorType'
      )
      from dialog_transmission as transmission join dialog on dialog.id = dialog_id where visible_from > now()
      union all
      select dialog_id, 2, activity.id, jsonb_build_object(
        'type', 'DialogActivityCreated', 'activityId', activity.id, 'activityType', type,
        'extendedType', extended_type
      )
      from dialog_activity as activity join dialog on dialog.id = dialog_id where visible_from > now()
    )
    insert into withheld_event (dialog_id, seq, event)
    select
      dialog_id,
      row_number() over (partition by dialog_id order by place, child_id),
      event || jsonb_build_object('id', gen_random_uuid(), 'audiences', jsonb_build_array('party'))
    from event;

    update dialog set
      withheld_events_count = (select count(*) from withheld_event where dialog_id = dialog.id),
      visibility_due_at = case when deleted_at is null and (expires_at is null or expires_at > visible_from) then visible_from end
    where visible_from > now();
    update dialog set visibility_due_at = expires_at
    where expires_at > now() and deleted_at is null and withheld_events_count is null;
  `.execute(db);
}
