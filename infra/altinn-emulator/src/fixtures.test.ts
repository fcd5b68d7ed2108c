import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isOrganizationNumber, isPersonNumber } from '@dialog/contracts/norwegian-numbers';
import { expect, it } from 'vitest';
import { dataFolder, fixturesIn } from './fixtures.ts';
import { type Element, readElement } from './xml-element.ts';

const fixtures = fixturesIn(dataFolder);
const policyFiles = await readdir(join(dataFolder, 'policies'));

it('holds no number of a living person or a real organisation', async () => {
  const files = (await readdir(dataFolder)).filter((name) => name.endsWith('.json'));
  const all = [...files, ...policyFiles.map((name) => join('policies', name))];
  const text = (await Promise.all(all.map((name) => readFile(join(dataFolder, name), 'utf8')))).join();
  const persons = text.match(/(?<![0-9-])[0-9]{11}(?![0-9-])/g) ?? [];
  const organisations = text.match(/(?<![0-9-])[0-9]{9}(?![0-9-])/g) ?? [];
  expect(persons.length).toBeGreaterThan(3);
  expect(organisations.length).toBeGreaterThan(10);
  // Synthetic persons have 80 added to their month of birth; synthetic organisations begin with 31.
  expect(persons.filter((number) => !(isPersonNumber(number) && Number(number.slice(2, 4)) > 80))).toEqual([]);
  expect(organisations.filter((number) => !(isOrganizationNumber(number) && number.startsWith('31')))).toEqual([]);
});

it('knows the files', async () => {
  await expect(
    Promise.all([
      ...[fixtures.resources(), fixtures.serviceOwners(), fixtures.parties(), fixtures.clients()],
      ...[fixtures.roles(), fixtures.accessPackages(), fixtures.subjectResources()],
      ...[fixtures.authorisedParties(), fixtures.delegations()],
      ...[fixtures.users(), fixtures.systemUsers()],
    ]),
  ).resolves.toHaveLength(11);
});

it('has resources of every type that is used and of those that are not', async () => {
  const types = new Set((await fixtures.resources()).map(({ resourceType }) => resourceType));
  expect([...types].sort()).toEqual([
    ...['Altinn2Service', 'AltinnApp', 'BrokerService', 'Consent', 'CorrespondenceService', 'Default'],
    ...['GenericAccessResource', 'MaskinportenSchema', 'MigratedApp', 'Systemresource'],
  ]);
});

it('has a policy for what it says that roles and packages give something on, and for each policy a resource', async () => {
  const ids = new Set((await fixtures.resources()).map(({ identifier }) => identifier.toLowerCase()));
  const withPairs = new Set((await currentPairs()).map((pair) => resourceIdIn(pair)));
  const policies = policyFiles.map((name) => name.replace(/\.xml$/, ''));
  expect(policies.filter((id) => !ids.has(id))).toEqual([]);
  expect([...withPairs].sort()).toEqual(policies.sort());
});

/** Its policy is cut off, so nobody can tell what it permits to whom. */
const unreadable = ['ttd-not-delegable'];

it('says of roles and packages what the policies say', async () => {
  const permitted = await Promise.all(
    policyFiles.map(async (name) => {
      const id = name.replace(/\.xml$/, '');
      const policy = readElement((await fixtures.policy(id)) ?? '');
      expect([id, policy === undefined]).toEqual([id, unreadable.includes(id)]);
      return policy === undefined ? [] : subjectsIn(policy).map((subject) => `${subject} ${id}`);
    }),
  );
  const pairs = (await currentPairs()).filter((pair) => !unreadable.includes(resourceIdIn(pair)));
  expect([...new Set(permitted.flat())].sort()).toEqual(pairs.sort());
});

/** Of `dagl fangstrapport`, what is not deleted; in lower case, without the blanks that some have. */
async function currentPairs(): Promise<string[]> {
  const current = new Map<string, boolean>();
  for (const { subjectUrn, resourceUrn, deleted } of await fixtures.subjectResources()) {
    const [subject, resource] = [subjectUrn, resourceUrn].map((urn) => urn.replaceAll(/\s/g, '').toLowerCase());
    current.set(`${subject} ${resource?.replace('urn:altinn:resource:', '')}`, !deleted);
  }
  return [...current].filter(([, is]) => is).map(([pair]) => pair);
}

function resourceIdIn(pair: string): string {
  return pair.slice(pair.indexOf(' ') + 1);
}

/** Every subject that a rule of the policy permits something to, alone or with another. */
function subjectsIn(policy: Element): string[] {
  return policy.children
    .filter(({ name, attributes }) => name === 'Rule' && attributes.Effect === 'Permit')
    .flatMap((rule) => descendants(rule, 'Match'))
    .flatMap((match) => {
      const [value] = descendants(match, 'AttributeValue');
      const [designator] = descendants(match, 'AttributeDesignator');
      if (designator?.attributes.Category?.endsWith('access-subject') !== true) return [];
      return [`${designator.attributes.AttributeId}:${value?.text}`.toLowerCase()];
    });
}

function descendants({ children }: Element, name: string): Element[] {
  return children.flatMap((child) => [...(child.name === name ? [child] : []), ...descendants(child, name)]);
}

it('tells among the parties of a user what was delegated to it', async () => {
  const everybody = await fixtures.authorisedParties();
  const missing = (await fixtures.delegations()).filter(({ subject, party, resource, instance }) => {
    const units = everybody.find(({ user }) => user === subject)?.parties.flatMap((one) => [one, ...one.subunits]);
    return !units?.some(
      (unit) =>
        (party === undefined || unit.party === party) &&
        (instance === undefined
          ? unit.resources.includes(resource)
          : unit.instances.some((one) => one.resourceId === resource && one.instanceRef === instance)),
    );
  });
  expect(missing).toEqual([]);
});

it('has users with nobody, one, a hundred, a thousand and many thousand parties', async () => {
  const counts = (await fixtures.authorisedParties()).map(({ parties, generated }) => parties.length + generated);
  expect(counts).toEqual(expect.arrayContaining([0, 1, 100, 1_001, 25_000, 84_000]));
});
