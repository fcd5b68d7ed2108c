import { resourceIn } from '@dialog/contracts/named-resources';

type Attributed = { authorizationAttribute: string | null };

/** The resources that actions and transmissions name, in lower case (section 2.4). */
export function referencedResources(body: {
  guiActions: readonly Attributed[];
  apiActions: readonly Attributed[];
  transmissions?: readonly Attributed[];
}): string[] {
  return [...body.guiActions, ...body.apiActions, ...(body.transmissions ?? [])].flatMap(
    ({ authorizationAttribute }) => resourceIn(authorizationAttribute) ?? [],
  );
}
