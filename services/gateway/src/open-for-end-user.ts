import { isListed, type ListAuthorizations } from '@dialog/access/list-authorization';
import { problemOf } from '@dialog/contracts/problem';
import { noRights } from '@dialog/contracts/rights';
import type { Timestamp } from '@dialog/contracts/timestamp';
import type { Dialog } from '@dialog/domain/dialog';
import { type EndUserAccessDeps, refusedByLevel } from './end-user-access.ts';
import type { GatewayContext } from './gateway-app.ts';
import type { OpenDialog } from './open-dialog.ts';
import { forbidden, gone, notFound, problemResponse } from './problem-response.ts';
import { readDialog } from './read-dialog.ts';
import { recordVisit, type VisitDeps } from './record-visit.ts';

export type OpenForEndUserDeps = VisitDeps &
  EndUserAccessDeps & { lists: Pick<ListAuthorizations, 'listAuthorization'> };

type Opened = ({ ok: true } & OpenDialog) | { ok: false; response: Response };

/**
 * Opens a dialog for an end user, checks in the order of end-user API, section 6.1, and has the visit recorded before it
 * is shown. A visit whose outcome takes too long is accepted; the dialog is then shown as it was before.
 *
 * @throws UpstreamFailure, DatabaseUnavailable, LaneFull, LaneUnavailable
 */
export async function openForEndUser(c: GatewayContext, deps: OpenForEndUserDeps, dialogId: string): Promise<Opened> {
  const { id } = c.get('endUser');
  const found = await readFor(c, deps, dialogId);
  if (!found.ok) return found;
  const sender = { org: found.whole.dialog.org, rights: noRights };
  const recorded = await recordVisit(c, deps, found.whole, { id, isViaServiceOwner: false }, sender);
  if (typeof recorded === 'object') return refused(problemResponse(c, recorded.problem));
  return recorded === 'recorded' ? readFor(c, deps, dialogId) : found;
}

async function readFor(c: GatewayContext, deps: OpenForEndUserDeps, dialogId: string): Promise<Opened> {
  const endUser = c.get('endUser');
  const whole = await readDialog(deps.db, dialogId, 'end-user');
  if (whole === undefined) return refused(notFound(c, 'DialogEntity', dialogId));
  const { dialog, transmissions } = whole;
  const permissions = await deps.decisions.permissionsFor(endUser, dialog, { ...dialog, transmissions });
  if (!permissions.any) {
    const { party, serviceResource } = dialog;
    const question = { caller: endUser.id, parties: [party], resources: [serviceResource] };
    if (!isListed(await deps.lists.listAuthorization(question), dialog)) {
      return refused(forbidden(c, 'Forbidden', 'Forbidden'));
    }
  }
  if (dialog.deletedAt !== null) return refused(gone(c, dialogId));
  const tooLow = await refusedByLevel(c, deps, dialog);
  if (tooLow !== undefined) return refused(tooLow);
  const hidden = refusedByTime(c, dialog, deps.now());
  if (hidden !== undefined) return refused(hidden);
  return { ok: true, whole, permissions };
}

/** 404 for a dialog whose time has not come, or is over; undefined for one that can be seen. */
export function refusedByTime(
  c: GatewayContext,
  { visibleFrom, expiresAt }: Pick<Dialog, 'visibleFrom' | 'expiresAt'>,
  now: Timestamp,
): Response | undefined {
  if (visibleFrom !== null && visibleFrom > now) {
    const headers = { Expires: new Date(visibleFrom).toUTCString() };
    return notThere(c, `The dialog is not visible until ${toTheSecond(visibleFrom)}`, headers);
  }
  if (expiresAt !== null && expiresAt < now) return notThere(c, `The dialog expired at ${toTheSecond(expiresAt)}`);
  return undefined;
}

function notThere(c: GatewayContext, message: string, headers: Record<string, string> = {}): Response {
  return problemResponse(c, problemOf(404, { DialogEntity: [message] }), headers);
}

function toTheSecond(timestamp: Timestamp): string {
  return timestamp.slice(0, 'yyyy-MM-ddTHH:mm:ss'.length);
}

function refused(response: Response): Opened {
  return { ok: false, response };
}
