import type { AuthenticationLevels } from '@dialog/access/platform/authentication-levels';
import type { Database } from '@dialog/database/open';
import * as resourcePolicies from '@dialog/database/tables/resource-policies';
import DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
import { read } from './database-reads.ts';
import type { PolicySettings } from './policy-settings.ts';

/** As many as there are services, and then some. */
const levelsMax = 20_000;
/** One statement asks for no more. A page of a search has fewer, the catalogue may have some thousand. */
const batchMax = 1_000;

type FindLevels = (resources: readonly string[]) => Promise<ReadonlyMap<string, resourcePolicies.StoredLevel>>;

/** Minimum authentication levels, as {@link createLevels} finds them in the database. */
export function levelsOf(
  registry: AuthenticationLevels,
  db: Database,
  { levelAgeMsMax, levelFreshMs }: Pick<PolicySettings, 'levelAgeMsMax' | 'levelFreshMs'>,
): AuthenticationLevels {
  const findLevels: FindLevels = (resources) =>
    read(() => resourcePolicies.findLevels(db, resources, { ageMsMax: levelAgeMsMax }));
  return createLevels({ registry, findLevels, freshMs: levelFreshMs });
}

/**
 * Minimum authentication levels as the authorization-worker has found them in the policies, and from the registry where it
 * has none, or none that is new enough. What is asked for at the same moment is looked up together.
 *
 * @throws from `minimumLevelOf`: what `findLevels` throws
 */
export function createLevels({
  registry,
  findLevels,
  freshMs,
}: {
  registry: AuthenticationLevels;
  findLevels: FindLevels;
  /** How long what was found is not looked up again. */
  freshMs: number;
}): AuthenticationLevels {
  const stored = new DataLoader(
    async (resources: readonly string[]) => {
      const found = await findLevels(resources);
      return resources.map((resource) => found.get(resource));
    },
    { maxBatchSize: batchMax, cacheMap: new LRUCache({ max: levelsMax, ttl: freshMs }) },
  );
  return {
    async minimumLevelOf(resourceUrn) {
      const resource = resourceUrn.toLowerCase();
      const found = await stored.load(resource);
      if (found?.isLate === false) return found.level;
      // A policy that can no longer be had or read leaves the level that it gave.
      return (await registry.minimumLevelOf(resource)) ?? found?.level;
    },
  };
}
