import type { ListAuthorizations } from '@dialog/access/list-authorization';
import { type CacheSettings, createFreshCache } from '@dialog/access/platform/fresh-cache';
import type { RepresentedParties } from '@dialog/access/platform/represented-parties';
import type { Logger } from '@dialog/telemetry/logger';
import { z } from 'zod';

/**
 * The service resources whose dialogs an end user may see (end-user API, section 14), by URN, in lower case: those that
 * at least one dialog of the party is of. What was delegated as a single case adds none. `all` for an end user who acts
 * for so many that it is not worked out.
 *
 * @param parties to which it is narrowed down; with none named, all of the end user's
 * @throws UpstreamFailure or DatabaseUnavailable when the list has not been had for half an hour
 */
export type AuthorisedResources = (caller: string, parties: readonly string[]) => Promise<readonly string[] | 'all'>;

export type ExactListLimits = {
  /** Most parties of an end user for whom the list is worked out. */
  exactListPartiesMax: number;
};

const cacheSettings: CacheSettings = {
  freshMs: 15 * 60_000,
  failSafeMs: 30 * 60_000,
  staleWaitMs: 10_000,
  waitMs: 25_000,
  retryAfterMs: 30_000,
  // Lists. One for the most parties that can be named takes about ten kilobytes.
  entriesMax: 10_000,
};

const question = z.tuple([z.string(), z.array(z.string())]);

type Deps = {
  lists: Pick<ListAuthorizations, 'listAuthorization'>;
  representedParties: RepresentedParties;
  log: Logger;
};

export function createAuthorisedResources(
  { lists, representedParties, log }: Deps,
  { exactListPartiesMax }: ExactListLimits,
): AuthorisedResources {
  const resources = createFreshCache('authorised service resources', load, { ...cacheSettings, log });
  return async (caller, parties) => {
    const key = JSON.stringify([caller, [...new Set(parties)].sort()]);
    return (await resources.get(key)) ?? [];
  };

  async function load(key: string): Promise<readonly string[] | 'all'> {
    const [caller, parties] = question.parse(JSON.parse(key));
    if (parties.length === 0 && (await countRepresented(caller)) > exactListPartiesMax) return 'all';
    const asked = { caller, parties, resources: [], prune: 'always' as const };
    const { resourcesByParty } = await lists.listAuthorization(asked);
    // Parties with the same rights have the very same set.
    const distinct = new Set(resourcesByParty.values());
    return [...new Set([...distinct].flatMap((ofParty) => [...ofParty]))];
  }

  /** Sub-units count beside the unit that they belong to, and who is only there to show the hierarchy does not. */
  async function countRepresented(caller: string): Promise<number> {
    const units = await representedParties(caller);
    return units.flatMap(({ subParties, ...unit }) => [unit, ...subParties]).filter((one) => !one.hierarchyOnly).length;
  }
}
