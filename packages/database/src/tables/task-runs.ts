import type { Timestamp } from '@dialog/contracts/timestamp';
import type { Database } from '../open.ts';

/** Notes when a task that one process does for all was done to its end. */
export async function finish(db: Database, task: string, at: Timestamp): Promise<void> {
  await db
    .insertInto('task_run')
    .values({ task, finished_at: at })
    .onConflict((conflict) => conflict.column('task').doUpdateSet({ finished_at: at }))
    .execute();
}

/** When that was the last time, whoever did it. */
export async function lastFinished(db: Database, task: string): Promise<Timestamp | undefined> {
  const row = await db.selectFrom('task_run').select('finished_at').where('task', '=', task).executeTakeFirst();
  return row?.finished_at;
}
