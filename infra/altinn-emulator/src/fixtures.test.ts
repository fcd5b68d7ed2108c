import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isOrganizationNumber, isPersonNumber } from '@dialog/contracts/norwegian-numbers';
import { expect, it } from 'vitest';
import { fixturesIn } from './fixtures.ts';

const folder = join(import.meta.dirname, '../data');
const fixtures = fixturesIn(folder);

it('holds no number of a living person or a real organisation', async () => {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const text = (await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')))).join();
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
      ...[fixtures.authorisedParties(), fixtures.decisionRules()],
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
