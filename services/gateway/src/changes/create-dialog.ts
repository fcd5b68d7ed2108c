import { validateCreateDialog } from '@dialog/contracts/validate';
import { gatherFacts, namedInBody } from '../facts.ts';
import { type Caller, type ChangeDeps, dialogPath, headerOf, type Prepared, prepared, wrong } from './change.ts';

/**
 * What the resource registry knows goes along: decide has no I/O.
 *
 * @throws UpstreamFailure when the platform has to be asked and is away
 */
export async function createDialog(
  deps: Omit<ChangeDeps, 'db'>,
  caller: Caller,
  { silent, body }: { silent: boolean; body: unknown },
): Promise<Prepared> {
  const { serviceOwner } = caller;
  const receivedAt = deps.now();
  const validated = validateCreateDialog(body, { now: receivedAt, rights: serviceOwner.rights });
  if (!validated.ok) return wrong(validated.errors);

  const payload = validated.value;
  const { serviceResource } = payload;
  const resource = await deps.resources.resource(serviceResource);
  const named = namedInBody(payload);
  named.resources.add(serviceResource);
  const facts = await gatherFacts(deps, serviceOwner, named);

  // That it is not known is told with everything else that decide finds.
  const known = resource === undefined ? null : { org: resource.org, type: resource.type };
  const dialogId = payload.id ?? deps.newId();
  const header = headerOf(deps, caller, { dialogId, ifMatch: null, silent, facts, receivedAt });
  return prepared(
    { ...header, kind: 'CreateDialog', resource: known, payload },
    { status: 201, id: dialogId, location: dialogPath(dialogId) },
  );
}
