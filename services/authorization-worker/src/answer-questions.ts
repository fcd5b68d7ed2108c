import type { Policies } from '@dialog/access/platform/policies';
import { type Policy, parsePolicy } from '@dialog/access/policy';
import { grantOf } from '@dialog/access/policy-reduction';
import type { Timestamp } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import * as policyQuestions from '@dialog/database/tables/policy-questions';
import * as resourcePolicies from '@dialog/database/tables/resource-policies';
import { inTransaction } from '@dialog/database/transaction';
import type { Logger } from '@dialog/telemetry/logger';
import type { AuthorizationMetrics } from './metrics.ts';
import { type PolicyReading, readPolicy } from './read-policy.ts';

export type AnswerDeps = {
  db: Database;
  policies: Policies;
  metrics: AuthorizationMetrics;
  log: Logger;
  ages: resourcePolicies.PolicyAges;
};

/** Questions that are read and answered together. */
const questionsAtOnceMax = 1_000;

/**
 * Answers what dialogs ask of a resource's policy: from the document that is stored, or from the registry's if that is
 * older than it may be. May be called by several workers at once, as often as one likes.
 *
 * When the registry is away, everything stays as it was; readers see how old it is.
 *
 * @throws what the database throws; each transaction is whole or was none
 */
export async function answerQuestions(deps: AnswerDeps, serviceResource: string): Promise<void> {
  const { db, ages, metrics } = deps;
  const stored = await resourcePolicies.find(db, serviceResource, ages);
  if (stored.isDue) metrics.readings.inc({ outcome: await renew(deps, serviceResource, stored.askedAt) });
  metrics.answers.inc(await answerNewOnes(db, serviceResource));
}

/** What came of asking the registry. `overtaken`: another worker has asked since. */
export type RenewalOutcome = 'confirmed' | 'replaced' | 'faulty' | 'unreachable' | 'overtaken';

/** @param askedAt before which moment the registry may have been asked at the latest, by the clock of the database */
async function renew(deps: AnswerDeps, serviceResource: string, askedAt: Timestamp): Promise<RenewalOutcome> {
  const { db, policies, metrics, log } = deps;
  const stopTimer = metrics.readingDuration.startTimer();
  const reading = await readPolicy(policies, serviceResource);
  stopTimer();
  if (reading.kind === 'unreachable') log.warn({ err: reading.err, serviceResource }, 'policy not read');
  if (reading.kind === 'faulty') log.warn({ fault: reading.fault, serviceResource }, 'policy is missing or faulty');
  const outcome = await inTransaction(db, (trx) => store(trx, serviceResource, reading, askedAt));
  if (outcome === 'replaced') log.info({ serviceResource }, 'policy replaced, all its questions answered anew');
  return outcome;
}

/** All in one transaction, so that all dialogs of the resource are right at once. */
async function store(
  trx: Database,
  serviceResource: string,
  reading: PolicyReading,
  askedAt: Timestamp,
): Promise<RenewalOutcome> {
  const before = await resourcePolicies.lock(trx, serviceResource);
  if (before.askedAt !== null && before.askedAt > askedAt) return 'overtaken';
  switch (reading.kind) {
    case 'unreachable':
      await resourcePolicies.noteAsked(trx, serviceResource, askedAt);
      return 'unreachable';
    case 'faulty':
      await resourcePolicies.refuse(trx, serviceResource, { fault: reading.fault, askedAt });
      return 'faulty';
    case 'policy': {
      const { version, document, policy } = reading;
      if (version === before.version) {
        await resourcePolicies.confirm(trx, serviceResource, askedAt);
        return 'confirmed';
      }
      await answerAll(trx, { serviceResource, version }, policy);
      const { minimumLevel } = policy;
      await resourcePolicies.replace(trx, serviceResource, { version, document, minimumLevel, askedAt });
      return 'replaced';
    }
  }
}

type PolicyVersion = { serviceResource: string; version: string };

async function answerAll(trx: Database, of: PolicyVersion, policy: Policy): Promise<void> {
  let pairs: policyQuestions.AskedPair[] = [];
  do {
    pairs = await policyQuestions.page(trx, of.serviceResource, pairs.at(-1), questionsAtOnceMax);
    await answer(trx, of, policy, pairs);
  } while (pairs.length === questionsAtOnceMax);
}

async function answer(
  trx: Database,
  of: PolicyVersion,
  policy: Policy,
  pairs: readonly policyQuestions.AskedPair[],
): Promise<number> {
  const { serviceResource } = of;
  const answers = pairs.map((pair) => ({ ...pair, ...grantOf(policy, { serviceResource, ...pair }) }));
  return policyQuestions.answer(trx, of, answers);
}

/** Those that have come since the policy was read. @returns how many */
async function answerNewOnes(db: Database, serviceResource: string): Promise<number> {
  let answered = 0;
  let parsed: { document: string; policy: Policy } | undefined;
  for (;;) {
    if ((await policyQuestions.unanswered(db, serviceResource, 1)).length === 0) return answered;
    const count = await inTransaction(db, async (trx) => {
      const { version, document } = await resourcePolicies.lock(trx, serviceResource);
      if (version === null || document === null) return 0;
      if (parsed?.document !== document) parsed = { document, policy: parsePolicy(document) };
      const pairs = await policyQuestions.unanswered(trx, serviceResource, questionsAtOnceMax);
      return answer(trx, { serviceResource, version }, parsed.policy, pairs);
    });
    if (count === 0) return answered;
    answered += count;
  }
}
