import { silentInBody, validateActivity } from '@dialog/contracts/validate';
import { gatherFacts, namedInBody } from '../facts.ts';
import { errorsOf } from '../request-parameters.ts';
import {
  type Caller,
  type ChangeDeps,
  type ChangeRequest,
  dialogPath,
  headerOf,
  type Prepared,
  prepared,
  wrong,
} from './change.ts';

/** @throws UpstreamFailure when the platform has to be asked and is away */
export async function createActivity(
  deps: Omit<ChangeDeps, 'db'>,
  caller: Caller,
  { dialogId, ifMatch, silent, body }: ChangeRequest,
): Promise<Prepared> {
  const { serviceOwner } = caller;
  const receivedAt = deps.now();
  const validated = validateActivity(body, { now: receivedAt, rights: serviceOwner.rights });
  const inBody = silentInBody(body);
  if (!validated.ok || !inBody.ok) return wrong(errorsOf(inBody, validated));

  const payload = validated.value;
  const facts = await gatherFacts(deps, serviceOwner, namedInBody({ activities: [payload] }));
  const header = headerOf(deps, caller, { dialogId, ifMatch, silent: silent || inBody.value, facts, receivedAt });
  const activityId = payload.id ?? deps.newId();
  const location = `${dialogPath(dialogId)}/activities/${activityId}`;
  return prepared(
    { ...header, kind: 'CreateActivity', activityId, payload },
    { status: 201, id: activityId, location },
  );
}
