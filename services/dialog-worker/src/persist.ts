import type { DialogChange } from '@dialog/contracts/dialog-event';
import type { PolicyQuestion } from '@dialog/contracts/policy-grant';
import type { Database } from '@dialog/database/open';
import { purge } from '@dialog/database/purge';
import * as activities from '@dialog/database/tables/activities';
import * as appliedKeys from '@dialog/database/tables/applied-keys';
import * as chosenIds from '@dialog/database/tables/chosen-ids';
import * as dialogs from '@dialog/database/tables/dialogs';
import * as idempotentKeys from '@dialog/database/tables/idempotent-keys';
import * as labelLog from '@dialog/database/tables/label-log';
import * as outbox from '@dialog/database/tables/outbox';
import * as partyResources from '@dialog/database/tables/party-resources';
import * as policyQuestions from '@dialog/database/tables/policy-questions';
import * as seenLog from '@dialog/database/tables/seen-log';
import * as transmissions from '@dialog/database/tables/transmissions';
import * as withheldEvents from '@dialog/database/tables/withheld-events';
import type { AppliedKey } from '@dialog/domain/applied-keys';
import type { Dialog } from '@dialog/domain/dialog';
import type { Change } from '@dialog/domain/outcome';
import { activityWrites, transmissionWrites } from './child-writes.ts';

type Decided = {
  lane: number;
  /** Number of the lane's newest outbox row before these changes. */
  outboxSeq: number;
  /** The dialogs as they were before these changes. */
  loaded: ReadonlyMap<string, Dialog>;
  /** Of the pairs of dialogs that are created, those that were there before. */
  knownPairs: readonly partyResources.PartyResource[];
  changes: readonly Change[];
  /** Under which of them were applied. */
  keys: readonly AppliedKey[];
  outbox: readonly DialogChange[];
  /** What the changes ask of policies and may not be stored yet. */
  questions: readonly PolicyQuestion[];
};

/**
 * Writes the changes of one transaction: one statement per table, whatever the number of commands.
 *
 * @returns the questions to policies that were not stored before
 */
export async function persist(trx: Database, decided: Decided): Promise<PolicyQuestion[]> {
  const { lane, outboxSeq, loaded } = decided;
  const { purged, changes } = withoutPurged(decided.changes);
  const latest = new Map<string, Dialog>();
  const chosen = new Map<string, { id: string; dialogId: string }>();
  const released = new Set<string>();
  for (const change of changes) {
    const { dialog } = change;
    latest.set(dialog.id, dialog);
    for (const id of change.releasedIds) if (!chosen.delete(id)) released.add(id);
    for (const id of change.chosenIds) chosen.set(id, { id, dialogId: dialog.id });
  }

  const created: Dialog[] = [];
  const updated: { dialog: Dialog; documentsChanged: boolean }[] = [];
  for (const dialog of latest.values()) {
    const before = purged.has(dialog.id) ? undefined : loaded.get(dialog.id);
    if (before === undefined) created.push(dialog);
    else updated.push({ dialog, documentsChanged: documentsDiffer(before, dialog) });
  }

  await purge(trx, [...purged]);
  const [newQuestions] = await Promise.all([
    // These two before all unique keys: who waits for another lane's row holds no key that the other one may wait for.
    policyQuestions.insert(trx, decided.questions),
    partyResources.insert(trx, newPairs(created, decided.knownPairs)),
    dialogs.insert(trx, created),
    dialogs.update(trx, updated),
    idempotentKeys.insert(
      trx,
      created.flatMap(({ id, org, idempotentKey }) =>
        idempotentKey === null ? [] : { org, idempotentKey, dialogId: id },
      ),
    ),
    replaceChosenIds(trx, [...released], [...chosen.values()]),
    writeTransmissions(trx, changes),
    writeActivities(trx, changes),
    labelLog.insert(
      trx,
      changes.flatMap((change) => change.labelAssignments),
    ),
    seenLog.insert(
      trx,
      changes.flatMap((change) => change.visits),
    ),
    writeWithheld(trx, changes, latest, loaded),
    appliedKeys.insert(trx, decided.keys),
    outbox.append(trx, lane, outboxSeq, decided.outbox),
  ]);
  return newQuestions;
}

/** The dialogs that are purged, and the changes that this does not undo: those after it, of a dialog made anew. */
function withoutPurged(changes: readonly Change[]): { purged: ReadonlySet<string>; changes: Change[] } {
  const purgedAt = new Map<string, number>();
  for (const [at, { kind, dialog }] of changes.entries()) if (kind === 'purged') purgedAt.set(dialog.id, at);
  const kept = changes.filter(({ dialog }, at) => at > (purgedAt.get(dialog.id) ?? -1));
  return { purged: new Set(purgedAt.keys()), changes: kept };
}

/** Most dialogs are not the first that their party gets of a service. */
function newPairs(
  created: readonly Dialog[],
  known: readonly partyResources.PartyResource[],
): partyResources.PartyResource[] {
  const keyOf = ({ party, serviceResource }: partyResources.PartyResource) => `${party} ${serviceResource}`;
  const pairs = new Map(created.map((dialog) => [keyOf(dialog), dialog]));
  for (const pair of known) pairs.delete(keyOf(pair));
  return [...pairs.values()];
}

/** An id that one change gives back may be chosen by the next. */
async function replaceChosenIds(
  trx: Database,
  released: readonly string[],
  chosen: readonly { id: string; dialogId: string }[],
): Promise<void> {
  await chosenIds.release(trx, released);
  await chosenIds.insert(trx, chosen);
}

/** Corrections come first: an idempotent key that one gives up may be a new transmission's. */
async function writeTransmissions(trx: Database, changes: readonly Change[]): Promise<void> {
  const { added, corrected, touched } = transmissionWrites(changes);
  await transmissions.correct(trx, corrected);
  await transmissions.insert(trx, added);
  await transmissions.touch(trx, touched);
}

async function writeActivities(trx: Database, changes: readonly Change[]): Promise<void> {
  const { added, moved } = activityWrites(changes);
  await activities.insert(trx, added);
  await activities.move(trx, moved);
}

/** What was withheld goes when the party has been told; an event may have come and gone within these changes. */
async function writeWithheld(
  trx: Database,
  changes: readonly Change[],
  latest: ReadonlyMap<string, Dialog>,
  loaded: ReadonlyMap<string, Dialog>,
): Promise<void> {
  const isTold = (dialogId: string) => latest.get(dialogId)?.withheldEventsCount === null;
  const kept = changes.flatMap(({ withheld }) => withheld).filter(({ dialogId }) => !isTold(dialogId));
  const given = [...latest.keys()].filter((id) => isTold(id) && (loaded.get(id)?.withheldEventsCount ?? 0) > 0);
  await Promise.all([withheldEvents.insert(trx, kept), withheldEvents.remove(trx, given)]);
}

/** A decision that leaves a document alone passes the very object on. */
function documentsDiffer(before: Dialog, after: Dialog): boolean {
  return (
    before.content !== after.content ||
    before.attachments !== after.attachments ||
    before.guiActions !== after.guiActions ||
    before.apiActions !== after.apiActions ||
    before.searchTags !== after.searchTags
  );
}
