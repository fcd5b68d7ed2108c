import { type Decisions, personAsCaller } from '@dialog/access/decisions';
import type { Permissions } from '@dialog/access/details-authorization';
import type { Problem } from '@dialog/contracts/problem';
import type { Database } from '@dialog/database/open';
import { isCurrent } from '@dialog/domain/dialog';
import type { GatewayContext } from './gateway-app.ts';
import { readDialog, type WholeDialog } from './read-dialog.ts';
import { recordVisit, type VisitDeps } from './record-visit.ts';

export type OpenDialogDeps = VisitDeps & { db: Database; decisions: Decisions };

/** A dialog, and what a person may do with it. */
export type OpenDialog = { whole: WholeDialog; permissions: Permissions };

/**
 * Opens a dialog for a person on whose behalf the service owner calls: reads it as far as the person may see it, and
 * has the visit recorded before it is shown, so that the answer tells of it (sections 13.7 and 16).
 *
 * A visit whose outcome takes too long is accepted and will be recorded; the dialog is then shown as it was before.
 *
 * @returns undefined for a dialog that does not exist for this service owner or for this person
 * @throws UpstreamFailure, DatabaseUnavailable, LaneFull, LaneUnavailable
 */
export async function openDialog(
  c: GatewayContext,
  deps: OpenDialogDeps,
  dialogId: string,
  person: string,
): Promise<OpenDialog | { problem: Problem } | undefined> {
  const serviceOwner = c.get('serviceOwner');
  const found = await read();
  if (found === undefined) return undefined;
  const recorded = await recordVisit(c, deps, found.whole, { id: person, isViaServiceOwner: true }, serviceOwner);
  if (typeof recorded === 'object') return recorded;
  return recorded === 'recorded' ? read() : found;

  /** Of what is not yet, or no longer, there for end users, nobody needs to be asked. */
  async function read(): Promise<OpenDialog | undefined> {
    const whole = await readDialog(deps.db, dialogId, serviceOwner);
    if (whole === undefined || !isCurrent(whole.dialog, deps.now())) return undefined;
    const parts = { ...whole.dialog, transmissions: whole.transmissions };
    const permissions = await deps.decisions.permissionsFor(personAsCaller(person), whole.dialog, parts);
    return permissions.any ? { whole, permissions } : undefined;
  }
}
