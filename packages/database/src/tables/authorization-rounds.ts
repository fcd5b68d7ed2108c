import type { Timestamp } from '@dialog/contracts/timestamp';
import { sql } from 'kysely';
import type { Database } from '../open.ts';

/** How far a round is: null at its beginning. */
export type Turn = { position: string | null };

/**
 * Takes the next turn of a round, if nobody has taken one lately: of all workers together one does.
 *
 * @param everyMs between turns
 * @param restMs between the end of a round and its beginning anew
 * @returns undefined when there is nothing to do now
 */
export async function take(
  db: Database,
  name: string,
  { everyMs, restMs = 0 }: { everyMs: number; restMs?: number },
): Promise<Turn | undefined> {
  const { rows } = await sql<Turn>`
    insert into authorization_round as round (name, taken_at) values (${name}, clock_timestamp())
    on conflict (name) do update set taken_at = excluded.taken_at
      where round.taken_at <= clock_timestamp() - ${everyMs} * interval '1 millisecond'
        and (round.finished_at is null or round.position is not null
          or round.finished_at <= clock_timestamp() - ${restMs} * interval '1 millisecond')
    returning position
  `.execute(db);
  return rows[0];
}

/** Call after everything up to there is done. A crash before it repeats. */
export async function moveTo(db: Database, name: string, position: string): Promise<void> {
  await db.updateTable('authorization_round').set({ position }).where('name', '=', name).execute();
}

export async function finish(db: Database, name: string): Promise<void> {
  await db
    .updateTable('authorization_round')
    .set({ position: null, finished_at: sql<Timestamp>`clock_timestamp()` })
    .where('name', '=', name)
    .execute();
}

/** When each round last came to its end. */
export async function lastFinished(db: Database): Promise<{ name: string; finishedAt: Timestamp }[]> {
  return db
    .selectFrom('authorization_round')
    .select(['name', 'finished_at as finishedAt'])
    .where('finished_at', 'is not', null)
    .$narrowType<{ finishedAt: Timestamp }>()
    .execute();
}
