import { type GrantType, grantType } from '@dialog/contracts/dialog-lookup-view';
import type { AuthorisedParty } from './platform/authorised-parties.ts';

/** One reason why an end user may see a dialog. */
export type Grant = {
  grantType: GrantType;
  /** URN of the role, access package or service resource; of an instance its reference. */
  subject: string;
};

/** What a dialog is known by where rights are given. All in lower case. */
export type GrantedDialog = {
  party: string;
  serviceResource: string;
  instanceRef: string;
};

/**
 * Everything by which an end user may see a dialog (end-user API, section 15.4), each once. As in lists, any right on
 * the service resource is enough.
 *
 * @param authorised whom the end user may act for; others than the dialog's party count for nothing
 * @param subjects roles and access packages that give something on the dialog's service resource
 */
export function grantsOf(
  authorised: readonly AuthorisedParty[],
  subjects: ReadonlySet<string>,
  { party, serviceResource, instanceRef }: GrantedDialog,
): Grant[] {
  const atParty = authorised.filter((one) => one.party === party);
  const held = atParty.flatMap((one) => one.subjects).filter((subject) => subjects.has(subject));
  const isRole = (subject: string) => subject.startsWith('urn:altinn:rolecode:');
  const named: Record<GrantType, string[]> = {
    Role: held.filter(isRole),
    AccessPackage: held.filter((subject) => !isRole(subject)),
    ResourceDelegation: atParty.flatMap(({ resources }) => resources).filter((urn) => urn === serviceResource),
    InstanceDelegation: atParty
      .flatMap(({ instances }) => instances)
      .flatMap(({ reference }) => (reference === instanceRef ? [reference] : [])),
  };
  return grantType.options.flatMap((type) =>
    [...new Set(named[type])].map((subject) => ({ grantType: type, subject })),
  );
}
