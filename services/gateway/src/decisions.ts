import { createDecisions, type Decisions, decisionSources } from '@dialog/access/decisions';
import type { Platform } from '@dialog/access/platform/platform';
import type { Database } from '@dialog/database/open';
import * as policyQuestions from '@dialog/database/tables/policy-questions';
import type { Logger } from '@dialog/telemetry/logger';
import { Counter, type Registry } from 'prom-client';
import { read } from './database-reads.ts';
import type { PolicySettings } from './policy-settings.ts';

type Deps = { db: Database; registry: Registry; log: Logger; policySettings: Pick<PolicySettings, 'answerAgeMsMax'> };

/** What end users may do, by the policies as the database knows them and by the platform. Counts which of them settled it. */
export function decisionsOf(
  { authorisedParties, decisionPoint }: Pick<Platform, 'authorisedParties' | 'decisionPoint'>,
  { db, registry, log, policySettings }: Deps,
): Decisions {
  const decided = new Counter({
    name: 'dialog_decisions_total',
    help: 'Decisions on what an end user may do with a dialog, by what settled them: only the policies cost no call.',
    labelNames: ['source'],
    registers: [registry],
  });
  for (const source of decisionSources) decided.inc({ source }, 0);
  return createDecisions({
    ...{ authorisedParties, decisionPoint, log },
    findGrants: (questions) =>
      read(() => policyQuestions.findGrants(db, questions, { ageMsMax: policySettings.answerAgeMsMax })),
    onDecided: (source) => decided.inc({ source }),
  });
}
