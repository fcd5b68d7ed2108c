import type { DialogAuthorizationView } from '@dialog/contracts/dialog-view';
import type { PolicyGrant, PolicyQuestion } from '@dialog/contracts/policy-grant';
import { main, type Pair } from './details-authorization.ts';
import { isEverPermitted } from './policy-grant.ts';

/** What a dialog asks of a policy, and what that answers; undefined as long as it does not. */
export type AskedPair = { pair: Pair; question: PolicyQuestion; grant: PolicyGrant | undefined };

/**
 * Tells a service owner what the policies make of a dialog.
 *
 * @param faults what is wrong with policies, by service resource
 */
export function authorizationState(
  asked: readonly AskedPair[],
  faults: ReadonlyMap<string, string>,
): DialogAuthorizationView {
  const open = asked.filter(({ grant }) => grant === undefined);
  const never = asked.filter(({ grant }) => grant !== undefined && !isEverPermitted(grant));
  return {
    status: statusOf(open, faults),
    policyFaults: [...faults].map(([serviceResource, fault]) => ({ serviceResource, fault })),
    neverPermitted: never.map(({ pair: { action, attribute } }) => ({
      ...{ action, authorizationAttribute: attribute === main ? undefined : attribute },
    })),
  };
}

function statusOf(open: readonly AskedPair[], faults: ReadonlyMap<string, string>): DialogAuthorizationView['status'] {
  if (open.length === 0) return 'Enriched';
  return open.some(({ question }) => faults.has(question.serviceResource)) ? 'PolicyUnavailable' : 'Pending';
}
