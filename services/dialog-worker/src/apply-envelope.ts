import type { Command, Envelope } from '@dialog/contracts/commands';
import type { OwnedOperation } from '@dialog/contracts/operation';
import { problemOf } from '@dialog/contracts/problem';
import { isMissingPartition, isTimeLimit, isUniqueViolation } from '@dialog/database/faults';
import { ensurePartitionsFor } from '@dialog/database/partitions';
import * as deadLetters from '@dialog/database/tables/dead-letters';
import * as lanes from '@dialog/database/tables/lanes';
import * as operations from '@dialog/database/tables/operations';
import * as partyResources from '@dialog/database/tables/party-resources';
import { inTransaction } from '@dialog/database/transaction';
import type { Logger } from '@dialog/telemetry/logger';
import { type Applied, type ApplyDeps, applyCommands } from './apply-commands.ts';
import { describe, isPoison } from './faults.ts';

/** How often a single command is decided anew after it lost a race for a unique key. The second time it sees the winner. */
const racesMax = 3;

/**
 * Applies an envelope. When its batch fails for a reason in its data, its commands are applied one by one, in order:
 * the culprit ends as `Failed` with a dead letter, and the others are none the worse for it. So they are when together
 * they take longer than a statement may.
 *
 * @throws faults of the infrastructure; the lane then tries the whole envelope again, in place
 */
export async function applyEnvelope(deps: ApplyDeps & { log: Logger }, envelope: Envelope): Promise<Applied> {
  const applied = await applyTogetherOrApart(deps, envelope);
  try {
    await partyResources.forgetUnused(deps.db, applied.purged);
  } catch (error) {
    // What stays hides nothing from anybody, and the commands are applied.
    deps.log.warn({ lane: envelope.lane, err: describe(error) }, 'services of purged dialogs not forgotten');
  }
  return applied;
}

async function applyTogetherOrApart(deps: ApplyDeps & { log: Logger }, envelope: Envelope): Promise<Applied> {
  const { lane, laneCount, commands } = envelope;
  try {
    return await applyCommands(deps, envelope, commands);
  } catch (error) {
    if (isMissingPartition(error)) await addPartitions(deps, commands);
    if (!isPoison(error) && !isTooMuchAtOnce(error, commands)) throw error;
    deps.log.warn({ lane, commands: commands.length, err: describe(error) }, 'batch failed, applying one by one');
  }

  const applied: Applied = { operations: [], outboxGrew: false, purged: [], newQuestions: [] };
  for (const command of commands) {
    const one = await applyOne(deps, { lane, laneCount }, command);
    applied.operations.push(...one.operations);
    applied.outboxGrew ||= one.outboxGrew;
    applied.purged.push(...one.purged);
    applied.newQuestions.push(...one.newQuestions);
  }
  return applied;
}

/**
 * Operations are kept by the day of their id, and partitions made for the days around today. A command that has waited on
 * its lane through a long outage, or that somebody sent whose clock is wrong, is of another day. The fault that told of it
 * is thrown on all the same: the lane tries again in place, as after any other.
 */
async function addPartitions({ db, now, log }: ApplyDeps & { log: Logger }, commands: readonly Command[]) {
  await ensurePartitionsFor(db, { ids: commands.map(({ id }) => id), instants: [now()] });
  log.warn({ commands: commands.length }, 'partitions added for commands of another day');
}

/**
 * Purges of large dialogs may each take a second, and hundreds travel in one envelope: tried again together, they would
 * run into the same limit for ever.
 */
function isTooMuchAtOnce(error: unknown, commands: readonly Command[]): boolean {
  return isTimeLimit(error) && commands.length > 1;
}

async function applyOne(
  deps: ApplyDeps & { log: Logger },
  on: Pick<Envelope, 'lane' | 'laneCount'>,
  command: Command,
): Promise<Applied> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await applyCommands(deps, on, [command]);
    } catch (error) {
      if (!isPoison(error)) throw error;
      if (isUniqueViolation(error) && attempt < racesMax) continue;
      const failed = await fail(deps, on.lane, command, error);
      deps.log.error(
        { lane: on.lane, commandId: command.id, dialogId: command.dialogId, err: describe(error) },
        'command failed',
      );
      return { operations: [failed], outboxGrew: false, purged: [], newQuestions: [] };
    }
  }
}

async function fail(deps: ApplyDeps, lane: number, command: Command, error: unknown): Promise<OwnedOperation> {
  const { id, org, dialogId, kind, receivedAt } = command;
  return inTransaction(deps.db, async (trx) => {
    await lanes.lock(trx, lane);
    const earlier = (await operations.find(trx, [id])).get(id);
    if (earlier !== undefined) return earlier;
    const failedAt = deps.now();
    const failed: OwnedOperation = {
      ...{ id, org, dialogId, kind, receivedAt },
      status: 'Failed',
      problem: problemOf(
        500,
        undefined,
        'The command could not be applied. It has been kept for an operator to look at.',
      ),
      endedAt: failedAt,
    };
    await operations.insert(trx, [failed]);
    await deadLetters.insert(trx, { id, lane, failedAt, error: describe(error), command: JSON.stringify(command) });
    return failed;
  });
}
