import { validateJsonPatch } from '@dialog/contracts/validate';
import { gatherFacts, namedInPatch } from '../facts.ts';
import {
  type Caller,
  type ChangeDeps,
  type ChangeRequest,
  headerOf,
  type Prepared,
  prepared,
  wrong,
} from './change.ts';

/**
 * The operations travel as they are: only the worker knows the state that they apply to.
 *
 * @throws UpstreamFailure when the platform has to be asked and is away
 */
export async function patchDialog(
  deps: Omit<ChangeDeps, 'db'>,
  caller: Caller,
  { dialogId, ifMatch, silent, body }: ChangeRequest,
): Promise<Prepared> {
  const receivedAt = deps.now();
  const validated = validateJsonPatch(body);
  if (!validated.ok) return wrong(validated.errors);

  const payload = validated.value;
  const facts = await gatherFacts(deps, caller.serviceOwner, namedInPatch(payload));
  const header = headerOf(deps, caller, { dialogId, ifMatch, silent, facts, receivedAt });
  return prepared({ ...header, kind: 'PatchDialog', payload }, { status: 204 });
}
