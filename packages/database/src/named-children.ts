import { sql } from 'kysely';

/** Something inside a dialog, by the dialog's id and its own. */
export type NamedChild = { dialogId: string; id: string };

/** Named children as a row set to join with: two parameters, however many there are. */
export function namedChildren(named: readonly NamedChild[]) {
  const dialogIds = named.map(({ dialogId }) => dialogId);
  const ids = named.map(({ id }) => id);
  return sql<{ dialog_id: string; id: string }>`(
    select * from unnest(${dialogIds}::uuid[], ${ids}::uuid[]) as child (dialog_id, id)
  )`;
}
