import {
  type Caller,
  type ChangeDeps,
  type ChangeParameters,
  headerOf,
  noFacts,
  type Prepared,
  prepared,
} from './change.ts';

/** It has no body. */
export async function deleteDialog(
  deps: Pick<ChangeDeps, 'now' | 'newId'>,
  caller: Caller,
  { dialogId, ifMatch, silent }: ChangeParameters,
): Promise<Prepared> {
  const header = headerOf(deps, caller, { dialogId, ifMatch, silent, facts: noFacts, receivedAt: deps.now() });
  return prepared({ ...header, kind: 'DeleteDialog' }, { status: 204 });
}
