import type { PartyNames } from '@dialog/access/platform/party-names';
import { type Problem, problemOf } from '@dialog/contracts/problem';
import { isSeen } from '@dialog/domain/record-visit';
import { noFacts, type Sender } from './changes/change.ts';
import type { GatewayContext } from './gateway-app.ts';
import type { WholeDialog } from './read-dialog.ts';
import { commandHeader, type WriteDeps } from './submit-command.ts';

export type VisitDeps = WriteDeps & { partyNames: PartyNames };

/** Who opens a dialog, and whether through its service owner. */
type Visitor = { id: string; isViaServiceOwner: boolean };

/** What became of a visit: nothing to record, recorded by now, or accepted and to be recorded. */
type Recorded = 'seen-before' | 'recorded' | 'accepted' | { problem: Problem };

/**
 * Has a visit to a dialog recorded, before it is shown (service owner API, section 13.7; end-user API, section 7).
 * A visit that leaves nothing behind is not put on the lane.
 *
 * @throws UpstreamFailure, LaneFull, LaneUnavailable; then nothing may be shown, for nobody opens a dialog without a trace
 */
export async function recordVisit(
  c: GatewayContext,
  deps: VisitDeps,
  { dialog, lastVisits }: WholeDialog,
  { id: actorId, isViaServiceOwner }: Visitor,
  sender: Sender,
): Promise<Recorded> {
  const lastVisit = lastVisits.find(({ seenBy }) => seenBy.actorId === actorId);
  if (isSeen(dialog, lastVisit)) return 'seen-before';

  const actorName = await deps.partyNames.nameOf(actorId);
  if (actorName === undefined) throw new Error('The visitor has no name in the register, and cannot be logged.');
  const request = { dialogId: dialog.id, ifMatch: null, silent: false, facts: noFacts, receivedAt: deps.now() };
  const header = commandHeader(c, deps, request, sender);
  const seenBy = { actorType: 'PartyRepresentative' as const, actorId, actorName };
  const visit = { seenBy, isViaServiceOwner, contentUpdatedAt: dialog.contentUpdatedAt };
  c.set('command', header);
  const waitMs = deps.limits.writeWaitMs;
  const { status, problem } = await deps.lanes.submit({ ...header, kind: 'RecordVisit', ...visit }, { waitMs });
  switch (status) {
    case 'Queued':
      return 'accepted';
    case 'Applied':
      return 'recorded';
    case 'Rejected':
    case 'Failed':
      return { problem: problem ?? problemOf(500) };
  }
}
