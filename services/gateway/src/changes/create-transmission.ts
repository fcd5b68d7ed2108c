import { silentInBody, validateTransmission } from '@dialog/contracts/validate';
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
export async function createTransmission(
  deps: Omit<ChangeDeps, 'db'>,
  caller: Caller,
  { dialogId, ifMatch, silent, body }: ChangeRequest,
): Promise<Prepared> {
  const { serviceOwner } = caller;
  const receivedAt = deps.now();
  const validated = validateTransmission(body, { now: receivedAt, rights: serviceOwner.rights });
  const inBody = silentInBody(body);
  if (!validated.ok || !inBody.ok) return wrong(errorsOf(inBody, validated));

  const payload = validated.value;
  const facts = await gatherFacts(deps, serviceOwner, namedInBody({ transmissions: [payload] }));
  const header = headerOf(deps, caller, { dialogId, ifMatch, silent: silent || inBody.value, facts, receivedAt });
  const transmissionId = payload.id ?? deps.newId();
  const location = `${dialogPath(dialogId)}/transmissions/${transmissionId}`;
  return prepared(
    { ...header, kind: 'CreateTransmission', transmissionId, payload },
    { status: 201, id: transmissionId, location },
  );
}
