import type { Command, Envelope } from '@dialog/contracts/commands';
import type { DialogChange } from '@dialog/contracts/dialog-event';
import type { OwnedOperation } from '@dialog/contracts/operation';
import type { PolicyQuestion } from '@dialog/contracts/policy-grant';
import { toProblem } from '@dialog/contracts/problem';
import type { Timestamp } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import * as lanes from '@dialog/database/tables/lanes';
import * as operations from '@dialog/database/tables/operations';
import * as partyResources from '@dialog/database/tables/party-resources';
import { inTransaction } from '@dialog/database/transaction';
import { decide } from '@dialog/domain/decide';
import { type DialogState, lookupsOf, record, recordKey } from '@dialog/domain/dialog-state';
import type { Change, Outcome, Repeated } from '@dialog/domain/outcome';
import { laneOf } from '@dialog/lanes/lane';
import { DecisionFault } from './faults.ts';
import { loadState } from './load-state.ts';
import { persist } from './persist.ts';
import { type KnownQuestions, raisedQuestions } from './raised-questions.ts';

export type ApplyDeps = {
  db: Database;
  /** The present instant, later at each call. */
  now: () => Timestamp;
  newId: () => string;
  newRevision: () => string;
  knownQuestions: KnownQuestions;
};

/** What one transaction did: the operation of each command, and whether the relay has something to pick up. */
export type Applied = {
  operations: OwnedOperation[];
  outboxGrew: boolean;
  /** Of what dialogs were purged: there may be none left. */
  purged: partyResources.PartyResource[];
  /** Questions to policies that nobody had asked before, and that wait for an answer. */
  newQuestions: PolicyQuestion[];
};

/**
 * Load, decide, persist: the commands of one lane, in order, in one transaction.
 *
 * Lanes deliver at least once. A command that has ended keeps its operation and is not decided again, so commands that
 * come twice change nothing the second time.
 *
 * @returns the operation of each command, those that had ended before included
 * @throws DecisionFault for a command that cannot be decided, and what the database throws; nothing was written
 */
export async function applyCommands(
  deps: ApplyDeps,
  { lane, laneCount }: Pick<Envelope, 'lane' | 'laneCount'>,
  commands: readonly Command[],
): Promise<Applied> {
  const { applied, questions } = await inTransaction(deps.db, async (trx) => {
    // Sent together and answered in this order: the look-ups see what the last holder of the lock committed, because
    // each statement takes its snapshot when it begins, and they begin once the lock is given. A worker that was taken
    // for dead may just have committed these commands.
    const [outboxSeq, earlier, state, knownPairs] = await Promise.all([
      lanes.lock(trx, lane, otherLanesOf(commands, laneCount)),
      operations.find(
        trx,
        commands.map(({ id }) => id),
      ),
      loadState(trx, lookupsOf(commands)),
      partyResources.findKnown(trx, pairsOf(commands)),
    ]);
    const fresh = commands.filter(({ id }) => !earlier.has(id));
    const loaded = new Map(state.dialogs);

    const ended = new Map(earlier);
    const changes: Change[] = [];
    const outbox: DialogChange[] = [];
    for (const command of fresh) {
      // The same command twice in one envelope is one command.
      if (ended.has(command.id)) continue;
      const now = deps.now();
      const outcome = decided(state, command, { now, newId: deps.newId, newRevision: deps.newRevision });
      ended.set(command.id, operationOf(command, outcome, now));
      if (outcome.kind !== 'applied') continue;
      for (const change of outcome.changes) {
        record(state, change);
        changes.push(change);
        outbox.push(...outboxRows(command, change, now));
      }
      recordKey(state, command, outcome);
    }

    const questions = deps.knownQuestions.unknownOf(raisedQuestions(loaded, changes));
    const keys = [...state.appliedKeys.values()].filter(({ operationId: id }) => ended.has(id) && !earlier.has(id));
    const [newQuestions] = await Promise.all([
      persist(trx, { lane, outboxSeq, loaded, knownPairs, changes, keys, outbox, questions }),
      operations.insert(
        trx,
        [...ended.values()].filter(({ id }) => !earlier.has(id)),
      ),
    ]);
    const applied: Applied = {
      operations: commands.flatMap(({ id }) => ended.get(id) ?? []),
      outboxGrew: outbox.length > 0,
      purged: changes.flatMap(({ kind, dialog }) => (kind === 'purged' ? dialog : [])),
      newQuestions,
    };
    return { applied, questions };
  });
  deps.knownQuestions.remember(questions);
  return applied;
}

/**
 * The lanes of the dialogs that bulk commands change beside their own. Held as well, so that each dialog has one writer
 * at any time and a bulk command changes all of its dialogs or none.
 */
function otherLanesOf(commands: readonly Command[], laneCount: number): number[] {
  const dialogIds = commands.flatMap((command) =>
    command.kind === 'BulkSetSystemLabels' ? command.dialogs.map(({ dialogId }) => dialogId) : [],
  );
  return dialogIds.map((dialogId) => laneOf(dialogId, laneCount));
}

/** Whom the dialogs that are created concern, and which service. */
function pairsOf(commands: readonly Command[]): partyResources.PartyResource[] {
  return commands.flatMap((command) => (command.kind === 'CreateDialog' ? command.payload : []));
}

function decided(state: DialogState, command: Command, context: Parameters<typeof decide>[2]): Outcome {
  try {
    return decide(state, command, context);
  } catch (cause) {
    throw new DecisionFault(command.id, cause);
  }
}

function operationOf(command: Command, outcome: Outcome, endedAt: Timestamp): OwnedOperation {
  const { id, org, dialogId, kind, receivedAt } = command;
  const common = { id, org, dialogId, kind, receivedAt, endedAt };
  switch (outcome.kind) {
    case 'applied':
      return { ...common, status: 'Applied', revision: outcome.revision, ...earlierOf(outcome.repeated) };
    case 'rejected':
      return { ...common, status: 'Rejected', problem: toProblem(outcome.rejection) };
  }
}

function earlierOf(repeated: Repeated | undefined): Partial<OwnedOperation> {
  if (repeated === undefined) return {};
  const { dialogId, createdId } = repeated;
  return { repeated: true, dialogId, ...(createdId !== null && { createdId }) };
}

/** Events of one row. A dialog that becomes visible may have tens of thousands, and a relay takes many rows at once. */
const rowEventsMax = 100;

function outboxRows({ traceparent }: Command, { dialog, events }: Change, occurredAt: Timestamp): DialogChange[] {
  const { id: dialogId, revision, org, party, serviceResource, process, precedingProcess } = dialog;
  const facts = { dialogId, revision, org, party, serviceResource, process, precedingProcess };
  return Array.from({ length: Math.ceil(events.length / rowEventsMax) }, (_, row) => ({
    ...facts,
    ...{ occurredAt, traceparent, events: events.slice(row * rowEventsMax, (row + 1) * rowEventsMax) },
  }));
}
