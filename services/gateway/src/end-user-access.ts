import type { Decisions } from '@dialog/access/decisions';
import type { AuthorisableDialog, AuthorisableParts, Permissions } from '@dialog/access/details-authorization';
import type { AuthenticationLevels } from '@dialog/access/platform/authentication-levels';
import type { Database } from '@dialog/database/open';
import type { Dialog } from '@dialog/domain/dialog';
import { read } from './database-reads.ts';
import type { GatewayContext } from './gateway-app.ts';
import { forbidden, gone, notFound } from './problem-response.ts';

export type EndUserAccessDeps = {
  db: Database;
  decisions: Decisions;
  authenticationLevels: AuthenticationLevels;
};

/** What a service demands of whose policy says nothing (authorization, section 13). */
const levelWhenUnknown = 3;

/** 403 for an end user who is not known surely enough for a service. */
export async function refusedByLevel(
  c: GatewayContext,
  { authenticationLevels }: Pick<EndUserAccessDeps, 'authenticationLevels'>,
  { serviceResource }: Pick<Dialog, 'serviceResource'>,
): Promise<Response | undefined> {
  const minimum = (await authenticationLevels.minimumLevelOf(serviceResource)) ?? levelWhenUnknown;
  if (c.get('endUser').authenticationLevel >= minimum) return undefined;
  return forbidden(c, 'Forbidden', 'Altinn authentication level too low.');
}

type Access = { ok: true; permissions: Permissions } | { ok: false; response: Response };

/** What a request is for, beside the dialog itself. */
type Asked = {
  transmissions?: AuthorisableParts['transmissions'];
  /** What is told missing before the level of the end user counts. */
  missing?: { entity: string; id: string } | undefined;
  /** Whether a deleted dialog is not there, rather than gone. */
  hidesDeleted?: boolean;
};

/**
 * Settles whether an end user may read what is below a dialog, checks in the order of end-user API, section 9.1. Neither
 * `visibleFrom` nor `expiresAt` counts here.
 *
 * @throws UpstreamFailure, DatabaseUnavailable
 */
export async function accessDialog(
  c: GatewayContext,
  deps: EndUserAccessDeps,
  dialogId: string,
  { transmissions = [], missing, hidesDeleted = false }: Asked = {},
): Promise<Access> {
  const dialog = await findAuthorisable(deps.db, dialogId);
  if (dialog === undefined) return refused(notFound(c, 'DialogEntity', dialogId));
  const parts = { apiActions: [], guiActions: [], transmissions };
  const permissions = await deps.decisions.permissionsFor(c.get('endUser'), dialog, parts);
  const isHidden = !permissions.any || (hidesDeleted && dialog.deletedAt !== null);
  if (isHidden) return refused(notFound(c, 'DialogEntity', dialogId));
  if (dialog.deletedAt !== null) return refused(gone(c, dialogId));
  if (missing !== undefined) return refused(notFound(c, missing.entity, missing.id));
  const tooLow = await refusedByLevel(c, deps, dialog);
  return tooLow === undefined ? { ok: true, permissions } : refused(tooLow);
}

type Authorisable = AuthorisableDialog & Pick<Dialog, 'deletedAt'>;

async function findAuthorisable(db: Database, id: string): Promise<Authorisable | undefined> {
  return read(() =>
    db
      .selectFrom('dialog')
      .select(['id', 'party', 'service_resource as serviceResource', 'deleted_at as deletedAt'])
      .select('service_owner_labels as serviceOwnerLabels')
      .where('id', '=', id)
      .executeTakeFirst(),
  );
}

function refused(response: Response): Access {
  return { ok: false, response };
}
