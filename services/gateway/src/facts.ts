import type { PartyNames } from '@dialog/access/platform/party-names';
import type { ResourceRegistry } from '@dialog/access/platform/resource-registry';
import type { ServiceOwner } from '@dialog/access/service-owner';
import type { Actor } from '@dialog/contracts/actor';
import type { Facts } from '@dialog/contracts/commands';
import type { JsonPatch } from '@dialog/contracts/json-patch';
import { resourceIn, resourcesIn } from '@dialog/contracts/named-resources';
import { parseParty } from '@dialog/contracts/party';

export type FactsDeps = { resources: Pick<ResourceRegistry, 'resource'>; partyNames: PartyNames };

/** Other resources and actors that a payload names, each once. Resources in lower case. */
export type Named = { resources: Set<string>; actorIds: Set<string> };

/** Names asked for at a time. A payload may name thousands of actors, and the register is not ours to flood. */
const lookupsAtOnceMax = 8;

type Attributed = { authorizationAttribute: string | null };
type Body = {
  guiActions?: readonly Attributed[];
  apiActions?: readonly Attributed[];
  transmissions?: readonly (Attributed & { sender: Actor })[];
  activities?: readonly { performedBy: Actor }[];
};

/** What a validated body names. */
export function namedInBody({ guiActions = [], apiActions = [], transmissions = [], activities = [] }: Body): Named {
  const named: Named = { resources: new Set(), actorIds: new Set() };
  for (const part of guiActions) addAttribute(named, part.authorizationAttribute);
  for (const part of apiActions) addAttribute(named, part.authorizationAttribute);
  for (const { authorizationAttribute, sender } of transmissions) {
    addAttribute(named, authorizationAttribute);
    addActorId(named, sender.actorId);
  }
  for (const { performedBy } of activities) addActorId(named, performedBy.actorId);
  return named;
}

/**
 * What the values of a patch name. Resources wherever they stand: another operation may copy them to where they count.
 * An actor's id may stand alone, with the member's name at the end of the operation's path. Asking for what turns out not
 * to count costs a look-up.
 */
export function namedInPatch(patch: JsonPatch): Named {
  const named: Named = { resources: resourcesIn(patch), actorIds: new Set() };
  for (const operation of patch) {
    if (!('value' in operation)) continue;
    const member = operation.path.slice(operation.path.lastIndexOf('/') + 1);
    const pending: [string, unknown][] = [[member, operation.value]];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const [name, value] = next;
      if (typeof value === 'object' && value !== null) {
        for (const entry of Object.entries(value)) pending.push(entry);
      } else if (typeof value === 'string' && name.toLowerCase() === 'actorid') addActorId(named, value);
    }
  }
  return named;
}

/**
 * Asks the platform what decide will want to know. Both answers are cached; an administrator may name any resource.
 *
 * @throws UpstreamFailure when the platform has to be asked and is away
 */
export async function gatherFacts(
  { resources, partyNames }: FactsDeps,
  { orgNumber, rights }: Pick<ServiceOwner, 'orgNumber' | 'rights'>,
  named: Named,
): Promise<Facts> {
  const notOwned: string[] = [];
  if (!rights.admin) {
    for (const urn of named.resources) {
      if ((await resources.resource(urn))?.orgNumber !== orgNumber) notOwned.push(urn);
    }
  }
  const actorNames: Record<string, string> = {};
  const actorIds = [...named.actorIds];
  for (let first = 0; first < actorIds.length; first += lookupsAtOnceMax) {
    const chunk = actorIds.slice(first, first + lookupsAtOnceMax);
    for (const [id, name] of await Promise.all(chunk.map(async (id) => [id, await partyNames.nameOf(id)] as const))) {
      if (name !== undefined) actorNames[id] = name;
    }
  }
  return { notOwned, actorNames };
}

function addAttribute({ resources }: Named, attribute: string | null): void {
  const urn = resourceIn(attribute);
  if (urn !== undefined) resources.add(urn);
}

function addActorId({ actorIds }: Named, actorId: string | null): void {
  const id = actorId === null ? undefined : parseParty(actorId);
  if (id !== undefined) actorIds.add(id);
}
