import { authorizationState } from '@dialog/access/authorization-state';
import { pairsOf, policyQuestionsOf } from '@dialog/access/details-authorization';
import type { DialogAuthorizationView } from '@dialog/contracts/dialog-view';
import type { Database } from '@dialog/database/open';
import * as policyQuestions from '@dialog/database/tables/policy-questions';
import * as resourcePolicies from '@dialog/database/tables/resource-policies';
import { read } from './database-reads.ts';
import type { PolicySettings } from './policy-settings.ts';
import type { WholeDialog } from './read-dialog.ts';

export type AuthorizationDeps = { db: Database; policySettings: Pick<PolicySettings, 'answerAgeMsMax'> };

/**
 * What the policies make of a dialog, as far as they have been read; for its service owner.
 *
 * @throws DatabaseUnavailable
 */
export async function readAuthorization(
  { db, policySettings }: AuthorizationDeps,
  { dialog, transmissions }: Pick<WholeDialog, 'dialog' | 'transmissions'>,
): Promise<DialogAuthorizationView> {
  const asked = policyQuestionsOf(dialog.serviceResource, pairsOf({ ...dialog, transmissions }));
  const questions = asked.map(({ question }) => question);
  const resources = [...new Set(questions.map(({ serviceResource }) => serviceResource))];
  const [grants, faults] = await read(() =>
    Promise.all([
      policyQuestions.findGrants(db, questions, { ageMsMax: policySettings.answerAgeMsMax }),
      resourcePolicies.findFaults(db, resources),
    ]),
  );
  return authorizationState(
    asked.map((one, index) => ({ ...one, grant: grants[index] })),
    faults,
  );
}
