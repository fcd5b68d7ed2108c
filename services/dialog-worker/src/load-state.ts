import type { DialogEvent } from '@dialog/contracts/dialog-event';
import type { Database } from '@dialog/database/open';
import * as activities from '@dialog/database/tables/activities';
import * as appliedKeys from '@dialog/database/tables/applied-keys';
import * as chosenIds from '@dialog/database/tables/chosen-ids';
import * as dialogs from '@dialog/database/tables/dialogs';
import * as idempotentKeys from '@dialog/database/tables/idempotent-keys';
import * as seenLog from '@dialog/database/tables/seen-log';
import * as transmissions from '@dialog/database/tables/transmissions';
import * as withheldEvents from '@dialog/database/tables/withheld-events';
import { appliedKeyOf } from '@dialog/domain/applied-keys';
import type { WithheldEvent } from '@dialog/domain/dialog';
import {
  childKey,
  type DialogState,
  type KnownVisit,
  knownVisitsMax,
  type Lookups,
  orgKey,
  type Visitor,
} from '@dialog/domain/dialog-state';

/** Reads what some decisions will look at: one statement per table, none for a table that nobody asks about. */
export async function loadState(trx: Database, lookups: Lookups): Promise<DialogState> {
  const { dialogIds, children, dialogKeys, transmissionKeys, corrections, visitors, appearing } = lookups;
  const [
    found,
    knownTransmissions,
    affected,
    whole,
    knownActivities,
    taken,
    holders,
    usedKeys,
    visits,
    withheld,
    applied,
  ] = await Promise.all([
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
    seenLog.findLast(trx, visitors, knownVisitsMax),
    withheldEvents.find(trx, appearing),
    appliedKeys.find(trx, lookups.appliedKeys),
  ]);
  return {
    dialogs: found,
    transmissions: byChildKey([...knownTransmissions, ...affected]),
    wholeTransmissions: byChildKey(whole),
    activities: byChildKey(knownActivities),
    lastVisits: byVisitor(visits),
    takenIds: new Map(taken.map(({ id, dialogId }) => [id, dialogId])),
    dialogKeys: new Map(holders.map((holder) => [orgKey(holder.org, holder.idempotentKey), holder])),
    transmissionKeys: new Map(
      usedKeys.map(({ dialogId, idempotentKey, id }) => [childKey(dialogId, idempotentKey), id]),
    ),
    appliedKeys: new Map(applied.map((key) => [appliedKeyOf(key), key])),
    withheld: byDialog(withheld),
  };
}

function byDialog(inOrder: readonly WithheldEvent[]): Map<string, DialogEvent[]> {
  const events = new Map<string, DialogEvent[]>();
  for (const { dialogId, event } of inOrder) {
    const earlier = events.get(dialogId);
    if (earlier === undefined) events.set(dialogId, [event]);
    else earlier.push(event);
  }
  return events;
}

function byVisitor(newestFirst: readonly (Visitor & KnownVisit)[]): Map<string, KnownVisit[]> {
  const visits = new Map<string, KnownVisit[]>();
  for (const { dialogId, actorId, id, seenAt } of newestFirst) {
    const key = childKey(dialogId, actorId);
    visits.set(key, [...(visits.get(key) ?? []), { id, seenAt }]);
  }
  return visits;
}

function byChildKey<Child extends { dialogId: string; id: string }>(children: readonly Child[]): Map<string, Child> {
  return new Map(children.map((child) => [childKey(child.dialogId, child.id), child]));
}
