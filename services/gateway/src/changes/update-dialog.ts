import { problemOf } from '@dialog/contracts/problem';
import { validateUpdateDialog } from '@dialog/contracts/validate';
import { gatherFacts, namedInBody } from '../facts.ts';
import { notFoundErrors } from '../problem-response.ts';
import { findReadableDialog } from '../read-dialog.ts';
import {
  type Caller,
  type ChangeDeps,
  type ChangeRequest,
  headerOf,
  type Prepared,
  prepared,
  wrong,
} from './change.ts';

/** @throws UpstreamFailure when the platform has to be asked and is away; DatabaseUnavailable */
export async function updateDialog(
  deps: ChangeDeps,
  caller: Caller,
  { dialogId, ifMatch, silent, body }: ChangeRequest,
): Promise<Prepared> {
  const { serviceOwner } = caller;
  const receivedAt = deps.now();
  const context = { now: receivedAt, rights: serviceOwner.rights };
  // Whether a body that is right in itself fits the stored dialog, decide looks at.
  const validated = validateUpdateDialog(body, { ...context, stored: null });
  if (!validated.ok) {
    // A body that cannot be read is told as such. What is wrong with one that can be comes after 404: it is not worth
    // telling to somebody whose dialog it is not.
    if (!Object.keys(validated.errors).every((key) => key.startsWith('dto.'))) return wrong(validated.errors);
    const stored = await findReadableDialog(deps.db, dialogId, serviceOwner);
    if (stored === undefined) return { ok: false, problem: problemOf(404, notFoundErrors('DialogEntity', dialogId)) };
    const fitted = validateUpdateDialog(body, { ...context, stored });
    return wrong(fitted.ok ? validated.errors : fitted.errors);
  }

  const payload = validated.value;
  const facts = await gatherFacts(deps, serviceOwner, namedInBody(payload));
  const header = headerOf(deps, caller, { dialogId, ifMatch, silent, facts, receivedAt });
  return prepared({ ...header, kind: 'UpdateDialog', payload }, { status: 204 });
}
