import type { StoredLevel } from '@dialog/database/tables/resource-policies';
import { expect, it } from 'vitest';
import { createLevels } from './authentication-levels.ts';

const permit = 'urn:altinn:resource:ttd-building-permit';

/** Levels of a database and a registry, and which resources each was asked for. */
function levels(stored: Record<string, StoredLevel>, registered: Record<string, number> = {}, freshMs = 60_000) {
  const lookUps: (readonly string[])[] = [];
  const askedOfRegistry: string[] = [];
  const { minimumLevelOf } = createLevels({
    registry: {
      minimumLevelOf: async (resource) => {
        askedOfRegistry.push(resource);
        return registered[resource];
      },
    },
    findLevels: async (resources) => {
      lookUps.push(resources);
      return new Map(Object.entries(stored));
    },
    freshMs,
  });
  return { minimumLevelOf, lookUps, askedOfRegistry };
}

it.each<[string, StoredLevel | undefined, number | undefined, { level: number | undefined; isRegistryAsked: boolean }]>(
  [
    ['the stored one', { level: 4, isLate: false }, 3, { level: 4, isRegistryAsked: false }],
    [
      'none, of a policy that demands none',
      { level: undefined, isLate: false },
      3,
      { level: undefined, isRegistryAsked: false },
    ],
    ['the registry’s, of a policy that nobody has read', undefined, 3, { level: 3, isRegistryAsked: true }],
    [
      'the registry’s, of a policy that nobody has looked at lately',
      { level: 4, isLate: true },
      3,
      { level: 3, isRegistryAsked: true },
    ],
    [
      'the old one, of a policy that cannot be had any more',
      { level: 4, isLate: true },
      undefined,
      { level: 4, isRegistryAsked: true },
    ],
    ['unknown, where nobody knows', undefined, undefined, { level: undefined, isRegistryAsked: true }],
  ],
)('a level is %s', async (_, stored, registered, { level, isRegistryAsked }) => {
  const { minimumLevelOf, askedOfRegistry } = levels(
    stored === undefined ? {} : { [permit]: stored },
    registered === undefined ? {} : { [permit]: registered },
  );
  expect(await minimumLevelOf(permit)).toBe(level);
  expect(askedOfRegistry).toEqual(isRegistryAsked ? [permit] : []);
});

it('levels that are wanted at the same moment are looked up together, each once, and kept', async () => {
  const { minimumLevelOf, lookUps } = levels({ a: { level: 3, isLate: false }, b: { level: 4, isLate: false } });
  expect(await Promise.all(['a', 'B', 'A', 'b'].map(minimumLevelOf))).toEqual([3, 4, 3, 4]);
  expect(await minimumLevelOf('a')).toBe(3);
  expect(lookUps).toEqual([['a', 'b']]);
});

it('a changed level counts soon', async () => {
  const stored = { a: { level: 3, isLate: false } };
  const { minimumLevelOf } = levels(stored, {}, 20);
  expect(await minimumLevelOf('a')).toBe(3);
  stored.a = { level: 4, isLate: false };
  await expect.poll(() => minimumLevelOf('a')).toBe(4);
});

it('is not known when the database is away, and is again when it is back', async () => {
  let isAway = true;
  const { minimumLevelOf } = createLevels({
    registry: { minimumLevelOf: async () => 0 },
    findLevels: async () => {
      if (isAway) throw new Error('away');
      return new Map([['a', { level: 4, isLate: false }]]);
    },
    freshMs: 60_000,
  });
  await expect(minimumLevelOf('a')).rejects.toThrow('away');
  isAway = false;
  expect(await minimumLevelOf('a')).toBe(4);
});
