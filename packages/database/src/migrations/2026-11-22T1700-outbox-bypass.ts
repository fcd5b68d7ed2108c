import { type Kysely, sql } from 'kysely';

/**
 * What a reader of the outbox has to remember that lets changes pass a long backlog: how far it is with those, and which
 * dialogs are in the backlog.
 *
 * A relay of before works off a lane in order, past a bypass that a newer one has opened; some of what it publishes was
 * sent ahead already and is a repetition.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table outbox_bypass (
      reader text not null,
      lane smallint not null,
      -- Up to here it is known what is sent ahead and what is the backlog's.
      noted_seq bigint not null,
      -- What comes behind this is sent ahead, unless it is a change of a dialog that is noted.
      ahead_seq bigint not null,
      primary key (reader, lane),
      check (noted_seq <= ahead_seq)
    );

    create table outbox_bypass_dialog (
      reader text not null,
      lane smallint not null,
      -- As it stands in the change, which nobody has parsed.
      dialog_id text collate "C" not null,
      -- Changes behind this are the backlog's; those before it were sent ahead.
      since_seq bigint not null,
      primary key (reader, lane, dialog_id)
    );
  `.execute(db);
}
