import { isListed, type ListAuthorizations, type ListedDialog } from '@dialog/access/list-authorization';
import type { CommandOf } from '@dialog/contracts/commands';
import { noRights } from '@dialog/contracts/rights';
import type { Labelling } from '@dialog/contracts/system-labels';
import type { Database } from '@dialog/database/open';
import type { Sender } from './changes/change.ts';
import { gatherFacts } from './facts.ts';
import type { GatewayContext } from './gateway-app.ts';
import { findListedDialogs } from './read-labels.ts';
import type { WriteDeps } from './submit-command.ts';

/** What the routes that set system labels need. */
export type LabelDeps = WriteDeps & { db: Database; lists: Pick<ListAuthorizations, 'listAuthorization'> };

/** What the commands that set system labels have in common, beside the header. */
type LabelCommand = Pick<
  CommandOf<'SetSystemLabels'>,
  'facts' | 'addLabels' | 'removeLabels' | 'performedBy' | 'performerNamed' | 'byEndUser' | 'unauthorized'
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
      : findListedDialogs(deps.db, dialogIds, serviceOwner.org).then((found) =>
          notListed(deps, endUserId, found, dialogIds),
        ),
  ]);
  const performerNamed = performedBy !== null;
  return { facts, addLabels, removeLabels, performedBy: actor, performerNamed, byEndUser: false, unauthorized };
}

/** The same for an end user, and in whose name the command is to be sent; undefined when none of the dialogs is there. */
export async function readOwnLabelling(
  c: GatewayContext,
  deps: LabelDeps,
  dialogIds: readonly string[],
  { addLabels, removeLabels }: Omit<Labelling, 'performedBy'>,
): Promise<{ sender: Sender; labels: LabelCommand } | undefined> {
  const { id: caller } = c.get('endUser');
  const found = await findListedDialogs(deps.db, dialogIds, null);
  const [first] = found;
  if (first === undefined) return undefined;
  const [actorName, unauthorized] = await Promise.all([
    deps.partyNames.nameOf(caller),
    notListed(deps, caller, found, dialogIds),
  ]);
  const labels = {
    facts: { notOwned: [], actorNames: actorName === undefined ? {} : { [caller]: actorName } },
    ...{ addLabels, removeLabels, performerNamed: false, byEndUser: true, unauthorized },
    performedBy: { actorType: 'PartyRepresentative' as const, actorId: caller, actorName: null },
  };
  return { sender: { org: first.org, rights: noRights }, labels };
}

/** A dialog that is not there yet is nobody's to see: should it be made meanwhile, that was not known of it. */
async function notListed(
  { lists }: Pick<LabelDeps, 'lists'>,
  caller: string,
  found: readonly ListedDialog[],
  dialogIds: readonly string[],
): Promise<string[]> {
  if (found.length === 0) return [...dialogIds];
  const parties = [...new Set(found.map(({ party }) => party))];
  const resources = [...new Set(found.map(({ serviceResource }) => serviceResource))];
  const authorization = await lists.listAuthorization({ caller, parties, resources });
  const listed = new Set(found.filter((dialog) => isListed(authorization, dialog)).map(({ id }) => id));
  return dialogIds.filter((id) => !listed.has(id));
}
