import type { Database } from '@dialog/database/open';
import * as activities from '@dialog/database/tables/activities';
import * as chosenIds from '@dialog/database/tables/chosen-ids';
import * as dialogs from '@dialog/database/tables/dialogs';
import * as idempotentKeys from '@dialog/database/tables/idempotent-keys';
import * as transmissions from '@dialog/database/tables/transmissions';
import { childKey, type DialogState, type Lookups, orgKey } from '@dialog/domain/dialog-state';

/** Reads what some decisions will look at: one statement per table, none for a table that nobody asks about. */
export async function loadState(trx: Database, lookups: Lookups): Promise<DialogState> {
  const { dialogIds, children, dialogKeys, transmissionKeys, corrections } = lookups;
  const [found, knownTransmissions, affected, whole, knownActivities, taken, holders, usedKeys] = await Promise.all([
    dialogs.find(trx, dialogIds),
    transmissions.findKnown(trx, children),
    transmissions.findAffectedByMoves(trx, corrections),
    transmissions.findWhole(trx, corrections),
    activities.findKnown(trx, children),
    chosenIds.taken(
      trx,
      children.map(({ id }) => id),
    ),
    idempotentKeys.holders(trx, dialogKeys),
    transmissions.usedKeys(trx, transmissionKeys),
  ]);
  return {
    dialogs: found,
    transmissions: byChildKey([...knownTransmissions, ...affected]),
    wholeTransmissions: byChildKey(whole),
    activities: byChildKey(knownActivities),
    takenIds: new Map(taken.map(({ id, dialogId }) => [id, dialogId])),
    dialogKeys: new Map(holders.map((holder) => [orgKey(holder.org, holder.idempotentKey), holder])),
    transmissionKeys: new Map(
      usedKeys.map(({ dialogId, idempotentKey, id }) => [childKey(dialogId, idempotentKey), id]),
    ),
  };
}

function byChildKey<Child extends { dialogId: string; id: string }>(children: readonly Child[]): Map<string, Child> {
  return new Map(children.map((child) => [childKey(child.dialogId, child.id), child]));
}
