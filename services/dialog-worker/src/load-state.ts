import type { Database } from '@dialog/database/open';
import * as activities from '@dialog/database/tables/activities';
import * as chosenIds from '@dialog/database/tables/chosen-ids';
import * as dialogs from '@dialog/database/tables/dialogs';
import * as idempotentKeys from '@dialog/database/tables/idempotent-keys';
import * as transmissions from '@dialog/database/tables/transmissions';
import { childKey, type DialogState, type Lookups, orgKey } from '@dialog/domain/dialog-state';

/** Reads what some decisions will look at: one statement per table, none for a table that nobody asks about. */
export async function loadState(trx: Database, lookups: Lookups): Promise<DialogState> {
  const { dialogIds, children, dialogKeys, transmissionKeys } = lookups;
  const [found, knownTransmissions, knownActivities, taken, holders, usedKeys] = await Promise.all([
    dialogs.find(trx, dialogIds),
    transmissions.findKnown(trx, children),
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
    transmissions: new Map(knownTransmissions.map((known) => [childKey(known.dialogId, known.id), known])),
    activityKeys: new Set(knownActivities.map(({ dialogId, id }) => childKey(dialogId, id))),
    takenIds: new Map(taken.map(({ id, dialogId }) => [id, dialogId])),
    dialogKeys: new Map(holders.map((holder) => [orgKey(holder.org, holder.idempotentKey), holder])),
    transmissionKeys: new Set(usedKeys.map(({ dialogId, idempotentKey }) => childKey(dialogId, idempotentKey))),
  };
}
