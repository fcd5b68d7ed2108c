import { pairsOf, policyQuestionOf } from '@dialog/access/details-authorization';
import type { UpdatedPairs } from '@dialog/access/platform/updated-pairs';
import type { PolicyQuestion } from '@dialog/contracts/policy-grant';
import { isTimestamp, latestOf, type Timestamp, timestampOf } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import * as authorizationRounds from '@dialog/database/tables/authorization-rounds';
import * as dialogQuestions from '@dialog/database/tables/dialog-questions';
import * as policyQuestions from '@dialog/database/tables/policy-questions';
import * as resourcePolicies from '@dialog/database/tables/resource-policies';
import type { PolicyQueue } from '@dialog/lanes/policy-queue';
import type { Logger } from '@dialog/telemetry/logger';
import type { AuthorizationMetrics } from './metrics.ts';
import type { Round } from './round.ts';

type Deps = { db: Database; queue: Pick<PolicyQueue, 'ask'> };
type Ages = resourcePolicies.PolicyAges;

const refreshEveryMs = 1_000;

/** Sees to it that every policy is read again before it is too old, the oldest first, some in each second. */
export function refreshRound({ db, queue }: Deps, ages: Ages, policiesPerSecondMax: number): Round {
  return {
    ...{ name: 'refresh', everyMs: refreshEveryMs },
    turn: async () => queue.ask(await resourcePolicies.due(db, ages, policiesPerSecondMax)),
  };
}

/** Resources that are put on the queue anew in one turn. */
const neglectedMax = 1_000;

/** Finds questions whose job was lost: with Redis, or with a dialog-worker between its commit and the queue. */
export function neglectedRound({ db, queue }: Deps, ages: Ages, everyMs: number): Round {
  // What is younger is probably just being answered.
  const which = { waitedMs: everyMs, limit: neglectedMax };
  return {
    ...{ name: 'neglected', everyMs },
    turn: async () => queue.ask(await resourcePolicies.neglected(db, ages, which)),
  };
}

/** How far back the first turn asks. What changed before it is read again in minutes anyway. */
const firstLookBackMs = 3_600_000;
/** Resources that are marked by one statement. */
const markedAtOnceMax = 1_000;

/**
 * Asks the registry what has changed since the last turn, and has those policies read again at once. The feed tells of
 * subjects that got or lost something; a change that leaves subjects as they are is found by {@link refreshRound}.
 */
export function registryRound(
  { db, queue, updatedPairs, log }: Deps & { updatedPairs: UpdatedPairs; log: Logger },
  everyMs: number,
): Round {
  return { name: 'registry', everyMs, turn };

  async function turn(position: string | null): Promise<void> {
    const since = position !== null && isTimestamp(position) ? position : timestampOf(Date.now() - firstLookBackMs);
    const pairs = await updatedPairs.since(since);
    const resources = [...new Set(pairs.map(({ resource }) => resource))];
    for (let at = 0; at < resources.length; at += markedAtOnceMax) {
      const changed = await resourcePolicies.markChanged(db, resources.slice(at, at + markedAtOnceMax));
      if (changed.length > 0) log.info({ policyCount: changed.length }, 'policies changed in the registry');
      queue.ask(changed);
    }
    const newest = pairs.reduce((latest: Timestamp, { updatedAt }) => latestOf(latest, updatedAt), since);
    if (pairs.length > 0) await authorizationRounds.moveTo(db, 'registry', newest);
  }
}

export type SweepSettings = { rowsMax: number; pauseMs: number; restMs: number };
type SweepDeps = Deps & { metrics: AuthorizationMetrics };

/**
 * Look through all dialogs, and all transmissions, for questions that nobody has asked: of dialogs older than the table
 * of questions, or written by a worker of an older version. Slowly, without locks, and once a day.
 */
export function sweepRounds(deps: SweepDeps, settings: SweepSettings): Round[] {
  return [
    sweepRound(deps, 'dialogs', settings, dialogQuestions.actionsAfter, (mentioned) =>
      [...Map.groupBy(mentioned, ({ serviceResource }) => serviceResource)].flatMap(([serviceResource, group]) => {
        const apiActions = group.flatMap(({ action, attribute: authorizationAttribute }) =>
          action === null ? [] : { action, authorizationAttribute },
        );
        return questionsOf(serviceResource, { apiActions, guiActions: [], transmissions: [] });
      }),
    ),
    sweepRound(deps, 'transmissions', settings, dialogQuestions.guardedPartsAfter, (mentioned) =>
      mentioned.flatMap(({ serviceResource, attribute: authorizationAttribute }) =>
        questionsOf(serviceResource, { apiActions: [], guiActions: [], transmissions: [{ authorizationAttribute }] }),
      ),
    ),
  ];
}

function questionsOf(serviceResource: string, parts: Parameters<typeof pairsOf>[0]): PolicyQuestion[] {
  return pairsOf(parts).flatMap((pair) => policyQuestionOf(serviceResource, pair) ?? []);
}

function sweepRound<Mentioned>(
  { db, queue, metrics }: SweepDeps,
  name: string,
  { rowsMax, pauseMs, restMs }: SweepSettings,
  chunkAfter: (db: Database, position: string | null, limit: number) => Promise<dialogQuestions.Chunk<Mentioned>>,
  questionsIn: (mentioned: Mentioned[]) => PolicyQuestion[],
): Round {
  return { name, everyMs: pauseMs, restMs, turn };

  async function turn(position: string | null): Promise<void> {
    const { mentioned, next, rows } = await chunkAfter(db, position, rowsMax);
    const found = await policyQuestions.insert(db, questionsIn(mentioned));
    metrics.swept.inc({ round: name }, rows);
    metrics.found.inc({ round: name }, found.length);
    queue.ask(found.map(({ serviceResource }) => serviceResource));
    if (next === undefined) await authorizationRounds.finish(db, name);
    else await authorizationRounds.moveTo(db, name, next);
  }
}
