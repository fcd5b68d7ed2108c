import type { CommandOf } from '@dialog/contracts/commands';
import type { Labelling } from '@dialog/contracts/system-labels';
import type { Validated } from '@dialog/contracts/validate';
import { gatherFacts } from './facts.ts';
import type { GatewayContext } from './gateway-app.ts';
import type { WriteDeps } from './submit-command.ts';

/** What the commands that set system labels have in common, beside the header. */
type LabelCommand = Pick<
  CommandOf<'SetSystemLabels'>,
  'facts' | 'addLabels' | 'removeLabels' | 'performedBy' | 'performerNamed' | 'unauthorized'
>;

/**
 * Which of a person's dialogs appear in lists, the platform would have to be asked. Rather no change than one that the
 * person could not have made.
 */
const impersonation = { EndUserId: ['Only administrators can set labels on behalf of an end user in this service.'] };

/**
 * Settles who sets labels: `endUserId` or `performedBy`, exactly one of which is given.
 *
 * @throws UpstreamFailure when the register of names has to be asked and is away
 */
export async function readLabelling(
  c: GatewayContext,
  deps: WriteDeps,
  { addLabels, removeLabels, performedBy }: Labelling,
  endUserId: string | null,
): Promise<Validated<LabelCommand>> {
  const serviceOwner = c.get('serviceOwner');
  if (endUserId !== null && !serviceOwner.rights.admin) return { ok: false, errors: impersonation };
  const actor = performedBy ?? { actorType: 'PartyRepresentative' as const, actorId: endUserId, actorName: null };
  const actorIds = new Set(actor.actorId === null ? [] : [actor.actorId]);
  const facts = await gatherFacts(deps, serviceOwner, { resources: new Set(), actorIds });
  const performerNamed = performedBy !== null;
  return {
    ok: true,
    value: { facts, addLabels, removeLabels, performedBy: actor, performerNamed, unauthorized: [] },
  };
}
