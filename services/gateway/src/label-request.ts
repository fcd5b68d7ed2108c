import { isListed, type ListAuthorizations } from '@dialog/access/list-authorization';
import type { CommandOf } from '@dialog/contracts/commands';
import type { Labelling } from '@dialog/contracts/system-labels';
import type { Database } from '@dialog/database/open';
import { gatherFacts } from './facts.ts';
import type { GatewayContext } from './gateway-app.ts';
import { findListedDialogs } from './read-labels.ts';
import type { WriteDeps } from './submit-command.ts';

/** What the routes that set system labels need. */
export type LabelDeps = WriteDeps & { db: Database; lists: Pick<ListAuthorizations, 'listAuthorization'> };

/** What the commands that set system labels have in common, beside the header. */
type LabelCommand = Pick<
  CommandOf<'SetSystemLabels'>,
  'facts' | 'addLabels' | 'removeLabels' | 'performedBy' | 'performerNamed' | 'unauthorized'
>;

/**
 * Settles who sets labels, `endUserId` or `performedBy`, exactly one of which is given, and which of the dialogs they may
 * not see in lists. Administrators may set the labels of any dialog.
 *
 * @throws UpstreamFailure when the platform has to be asked and is away, DatabaseUnavailable
 */
export async function readLabelling(
  c: GatewayContext,
  deps: LabelDeps,
  dialogIds: readonly string[],
  { addLabels, removeLabels, performedBy }: Labelling,
  endUserId: string | null,
): Promise<LabelCommand> {
  const serviceOwner = c.get('serviceOwner');
  const actor = performedBy ?? { actorType: 'PartyRepresentative' as const, actorId: endUserId, actorName: null };
  const actorIds = new Set(actor.actorId === null ? [] : [actor.actorId]);
  const [facts, unauthorized] = await Promise.all([
    gatherFacts(deps, serviceOwner, { resources: new Set(), actorIds }),
    endUserId === null || serviceOwner.rights.admin
      ? []
      : notListed(deps, { caller: endUserId, org: serviceOwner.org }, dialogIds),
  ]);
  const performerNamed = performedBy !== null;
  return { facts, addLabels, removeLabels, performedBy: actor, performerNamed, unauthorized };
}

/** A dialog that is not there yet is nobody's to see: should it be made meanwhile, that was not known of it. */
async function notListed(
  { db, lists }: Pick<LabelDeps, 'db' | 'lists'>,
  { caller, org }: { caller: string; org: string },
  dialogIds: readonly string[],
): Promise<string[]> {
  const found = await findListedDialogs(db, dialogIds, org);
  if (found.length === 0) return [...dialogIds];
  const parties = [...new Set(found.map(({ party }) => party))];
  const resources = [...new Set(found.map(({ serviceResource }) => serviceResource))];
  const authorization = await lists.listAuthorization({ caller, parties, resources });
  const listed = new Set(found.filter((dialog) => isListed(authorization, dialog)).map(({ id }) => id));
  return dialogIds.filter((id) => !listed.has(id));
}
