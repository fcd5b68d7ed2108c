import type { PolicyGrant } from '@dialog/contracts/policy-grant';

/** What a policy's answer means for somebody. `ask` where only the decision point can tell. */
export type Verdict = 'permit' | 'refuse' | 'ask';

/**
 * @param subjects URNs in lower case of everything that somebody is at the party: roles, access packages, oneself
 */
export function verdictOf({ permits, denies }: PolicyGrant, subjects: ReadonlySet<string>): Verdict {
  const isHeld = ({ subjects: wanted }: { subjects: readonly string[] }) => wanted.every((one) => subjects.has(one));
  const denying = denies.filter(isHeld);
  const permitting = permits.filter(isHeld);
  if (permitting.length === 0 || denying.some(({ certain }) => certain)) return 'refuse';
  return denying.length === 0 && permitting.some(({ certain }) => certain) ? 'permit' : 'ask';
}

/** Subjects that no end user is: organisations as such, and service owners. */
const neverEndUsers = ['urn:altinn:org:', 'urn:altinn:organization:identifier-no:'];

/** Whether any end user may ever get a yes. Nobody can be given by delegation what the policy gives to nobody. */
export function isEverPermitted({ permits }: PolicyGrant): boolean {
  return permits.some(
    ({ subjects }) => !subjects.some((one) => neverEndUsers.some((prefix) => one.startsWith(prefix))),
  );
}
