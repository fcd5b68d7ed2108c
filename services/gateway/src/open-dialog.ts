import { decisionRequest, type Permissions, pairsOf, permissionsOf } from '@dialog/access/details-authorization';
import type { DecisionPoint } from '@dialog/access/platform/decision-point';
import type { PartyNames } from '@dialog/access/platform/party-names';
import { type Problem, problemOf } from '@dialog/contracts/problem';
import type { Database } from '@dialog/database/open';
import { isCurrent } from '@dialog/domain/dialog';
import { isSeen } from '@dialog/domain/record-visit';
import type { GatewayContext } from './gateway-app.ts';
import { readDialog, type WholeDialog } from './read-dialog.ts';
import { commandHeader, noFacts, type WriteDeps } from './submit-command.ts';

export type OpenDialogDeps = WriteDeps & { db: Database; decisionPoint: DecisionPoint; partyNames: PartyNames };

/** A dialog, and what a person may do with it. */
export type OpenDialog = { whole: WholeDialog; permissions: Permissions };

/**
 * Opens a dialog for a person on whose behalf the service owner calls: reads it as far as the person may see it, and
 * has the visit recorded before it is shown, so that the answer tells of it (sections 13.7 and 16).
 *
 * A visit that leaves nothing behind is not put on the lane. One whose outcome takes too long is accepted and will be
 * recorded; the dialog is then shown as it was before.
 *
 * @returns undefined for a dialog that does not exist for this service owner or for this person
 * @throws UpstreamFailure, DatabaseUnavailable, LaneFull, LaneUnavailable; then nothing is shown, for nobody opens a
 *   dialog without a trace
 */
export async function openDialog(
  c: GatewayContext,
  deps: OpenDialogDeps,
  dialogId: string,
  person: string,
): Promise<OpenDialog | { problem: Problem } | undefined> {
  const found = await read();
  if (found === undefined) return undefined;
  const { dialog, lastVisits } = found.whole;
  const lastVisit = lastVisits.find(({ seenBy }) => seenBy.actorId === person);
  if (isSeen(dialog, lastVisit)) return found;

  const actorName = await deps.partyNames.nameOf(person);
  if (actorName === undefined) throw new Error('The visitor has no name in the register, and cannot be logged.');
  const receivedAt = deps.now();
  const header = commandHeader(c, deps, { dialogId, ifMatch: null, silent: false, facts: noFacts, receivedAt });
  const seenBy = { actorType: 'PartyRepresentative' as const, actorId: person, actorName };
  const visit = { seenBy, isViaServiceOwner: true, contentUpdatedAt: dialog.contentUpdatedAt };
  c.set('command', header);
  const waitMs = deps.limits.writeWaitMs;
  const { status, problem } = await deps.lanes.submit({ ...header, kind: 'RecordVisit', ...visit }, { waitMs });
  switch (status) {
    case 'Queued':
      return found;
    case 'Applied':
      return read();
    case 'Rejected':
    case 'Failed':
      return { problem: problem ?? problemOf(500) };
  }

  /** Of what is not yet, or no longer, there for end users, nobody needs to be asked. */
  async function read(): Promise<OpenDialog | undefined> {
    const whole = await readDialog(deps.db, dialogId, c.get('serviceOwner'));
    if (whole === undefined || !isCurrent(whole.dialog, deps.now())) return undefined;
    const pairs = pairsOf({ ...whole.dialog, transmissions: whole.transmissions });
    const decisions = await deps.decisionPoint(decisionRequest(person, whole.dialog, pairs));
    const permissions = permissionsOf(pairs, decisions);
    return permissions.any ? { whole, permissions } : undefined;
  }
}
