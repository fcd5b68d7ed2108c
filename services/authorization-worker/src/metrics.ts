import { epochMsOf } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import * as authorizationRounds from '@dialog/database/tables/authorization-rounds';
import * as policyQuestions from '@dialog/database/tables/policy-questions';
import * as resourcePolicies from '@dialog/database/tables/resource-policies';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What one worker does. */
export function createAuthorizationMetrics(registry: Registry) {
  const registers = [registry];
  return {
    jobs: new Histogram({
      name: 'dialog_policy_job_seconds',
      help: 'Jobs by how they ended: done, or failed (tried again, or left to the sweep).',
      labelNames: ['outcome'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    readings: new Counter({
      name: 'dialog_policy_readings_total',
      help: 'Policies asked for at the registry, by what came of it.',
      labelNames: ['outcome'],
      registers,
    }),
    readingDuration: new Histogram({
      name: 'dialog_policy_reading_seconds',
      help: 'How long the registry took to tell a policy, with repeated attempts.',
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 100],
      registers,
    }),
    answers: new Counter({
      name: 'dialog_policy_questions_answered_total',
      help: 'New questions that were answered.',
      registers,
    }),
    swept: new Counter({
      name: 'dialog_policy_sweep_rows_total',
      help: 'Rows that were looked through for questions that nobody has asked.',
      labelNames: ['round'],
      registers,
    }),
    found: new Counter({
      name: 'dialog_policy_sweep_questions_total',
      help: 'Questions that were found that way. More than none, once old dialogs are through, is a fault elsewhere.',
      labelNames: ['round'],
      registers,
    }),
    roundFaults: new Counter({
      name: 'dialog_policy_round_faults_total',
      help: 'Turns of a round that failed and will be repeated.',
      labelNames: ['round'],
      registers,
    }),
  };
}
export type AuthorizationMetrics = ReturnType<typeof createAuthorizationMetrics>;

const states: readonly resourcePolicies.PolicyState[] = ['confirmed', 'unconfirmed', 'faulty', 'unread'];

/** How it stands with all policies and questions. Asked of the database when somebody reads the metrics. */
export function registerBacklog(registry: Registry, { db, ageMsMax }: { db: Database; ageMsMax: number }): void {
  gauge('dialog_policy_questions_unanswered', 'Questions that have no answer yet.', [], async (self) => {
    self.set((await policyQuestions.backlog(db)).questions);
  });
  gauge(
    'dialog_policy_questions_unanswered_seconds',
    'Age of the oldest question without an answer.',
    [],
    async (self) => {
      const { oldestAt } = await policyQuestions.backlog(db);
      self.set(oldestAt === undefined ? 0 : secondsSince(epochMsOf(oldestAt)));
    },
  );
  gauge('dialog_policies', 'Policies by state.', ['state'], async (self) => {
    const counts = await resourcePolicies.countByState(db, { ageMsMax });
    for (const state of states) self.set({ state }, counts.get(state) ?? 0);
  });
  gauge(
    'dialog_policy_sweep_finished_seconds',
    'Time since all rows were last looked through.',
    ['round'],
    async (self) => {
      for (const { name, finishedAt } of await authorizationRounds.lastFinished(db)) {
        self.set({ round: name }, secondsSince(epochMsOf(finishedAt)));
      }
    },
  );

  function gauge<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    measure: (self: Gauge<Label>) => Promise<void>,
  ): void {
    const self: Gauge<Label> = new Gauge({
      name,
      help: `${help} No value while the database does not answer.`,
      labelNames,
      registers: [registry],
      async collect() {
        try {
          await measure(self);
        } catch {
          // The health check says why. A gauge that fails would take all other metrics with it.
          self.reset();
        }
      },
    });
  }
}

function secondsSince(epochMs: number): number {
  return Math.max(0, Date.now() - epochMs) / 1_000;
}
