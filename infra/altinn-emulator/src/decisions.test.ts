import { expect, it } from 'vitest';
import { decisionsOf, subjectAttributes } from './decisions.ts';
import { dataFolder, fixturesIn } from './fixtures.ts';
import { partyIds } from './operations/authorised-parties.ts';

const fixtures = fixturesIn(dataFolder);
const person = (number: string) => `urn:altinn:person:identifier-no:${number}`;
const organization = (number: string) => `urn:altinn:organization:identifier-no:${number}`;
const systemUser = (id: string) => `urn:altinn:systemuser:uuid:${id}`;

/** Manages Børgefisk and its unit in the north; has the package for fishing at the former alone. */
const kari = person('01817030080');
/** Has a package and a delegated resource at Snekker, and one dialog of Børgefisk's unit in the north. */
const ola = person('05826510058');
/** Does the accounts of Snekker. */
const rita = person('18917550316');
/** Manages Børgefisk, without the package. */
const manager = person('11848110045');
const email = 'urn:altinn:person:idporten-email:kari@example.com';
const regnskap = systemUser('5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c');
const lonn = systemUser('0d9f6d5e-8a44-4f0b-b1b2-7f5c6e4d3a21');
const fish = organization('313007103');
const north = organization('313007200');
const snekker = organization('313007308');
const stranger = organization('310004006');

const attribute = (urn: string) => ({
  ...{ id: urn.slice(0, urn.lastIndexOf(':')), value: urn.slice(urn.lastIndexOf(':') + 1) },
});
const part = (name: string) => `urn:altinn:subresource:${name}`;

async function decide(user: string, party: string, resource: string, action: string, more: string[] = []) {
  const named = [`urn:altinn:resource:${resource}`, party, ...more].map(attribute);
  const [answer] = await decisionsOf(fixtures, user, [{ resource: named, action }]);
  return answer?.decision;
}

it.each<[string, string, string, string, string, string?]>([
  // By role and by package, at the party, and nowhere else.
  ['Permit', kari, fish, 'ttd-building-permit', 'write'],
  ['NotApplicable', kari, fish, 'ttd-building-permit', 'delete'],
  ['Permit', kari, kari, 'ttd-building-permit', 'delete'],
  ['Permit', kari, north, 'ttd-building-permit', 'read'],
  ['NotApplicable', kari, snekker, 'ttd-building-permit', 'read'],
  ['Permit', ola, snekker, 'ttd-building-permit', 'read'],
  ['NotApplicable', ola, snekker, 'ttd-building-permit', 'write'],
  ['Permit', regnskap, fish, 'ttd-catch-report', 'write'],
  ['NotApplicable', regnskap, north, 'ttd-catch-report', 'write'],
  ['Permit', lonn, north, 'ttd-building-permit', 'read'],
  ['Permit', kari, fish, 'ttd-mixed-case', 'read'],
  ['Permit', rita, snekker, 'skd-vat-return', 'sign'],
  ['Permit', kari, kari, 'nav-sick-leave', 'read'],
  // A unit that is there for its sub-units alone gives nothing.
  ['NotApplicable', ola, fish, 'ttd-building-permit', 'read'],
  // Parts.
  ['Permit', kari, fish, 'ttd-building-permit', 'transmissionread', part('neighbours')],
  ['NotApplicable', kari, fish, 'ttd-building-permit', 'transmissionread', part('main')],
  ['NotApplicable', kari, fish, 'ttd-building-permit', 'transmissionread'],
  ['Permit', kari, fish, 'ttd-building-permit', 'read', part('any')],
  ['Permit', kari, fish, 'ttd-tender', 'transmissionread', part('bid')],
  ['Permit', manager, fish, 'ttd-tender', 'transmissionread', part('contract')],
  ['NotApplicable', manager, fish, 'ttd-tender', 'transmissionread', part('protocol')],
  ['Permit', regnskap, fish, 'ttd-tender', 'transmissionread', part('protocol')],
  // Role and package together.
  ['Permit', kari, fish, 'ttd-tender', 'sign', part('contract')],
  ['NotApplicable', manager, fish, 'ttd-tender', 'sign', part('contract')],
  ['NotApplicable', regnskap, fish, 'ttd-tender', 'sign', part('contract')],
  // Deny overrides, delegations too.
  ['Permit', kari, fish, 'ttd-inspection', 'write'],
  ['Deny', kari, fish, 'ttd-inspection', 'sign'],
  ['Permit', kari, north, 'ttd-inspection', 'sign'],
  ['Permit', manager, fish, 'ttd-inspection', 'sign'],
  ['Deny', kari, fish, 'ttd-inspection', 'transmissionread', part('draft')],
  ['Deny', ola, stranger, 'ttd-inspection', 'read', part('draft')],
  ['Permit', rita, snekker, 'ttd-inspection', 'read'],
  ['Deny', rita, snekker, 'ttd-inspection', 'read', part('draft')],
  // Conditions.
  ['Permit', kari, fish, 'ttd-fishing-quota', 'write'],
  ['Permit', kari, north, 'ttd-fishing-quota', 'read'],
  ['Indeterminate', kari, fish, 'ttd-fishing-quota', 'sign'],
  ['NotApplicable', regnskap, fish, 'ttd-fishing-quota', 'sign'],
  // Named ones, wherever they are; nobody who calls is the service owner or the organisation itself.
  ['Permit', ola, stranger, 'ttd-appointment', 'read'],
  ['Permit', regnskap, stranger, 'ttd-appointment', 'read'],
  ['NotApplicable', lonn, stranger, 'ttd-appointment', 'read'],
  ['NotApplicable', rita, snekker, 'ttd-appointment', 'read'],
  ['NotApplicable', kari, kari, 'ttd-appointment', 'delete'],
  // E-mail users.
  ['Permit', email, email, 'ttd-newsletter', 'unsubscribe'],
  ['NotApplicable', email, kari, 'ttd-newsletter', 'read'],
  ['NotApplicable', email, email, 'ttd-building-permit', 'read'],
  [
    'Permit',
    'urn:altinn:person:idporten-email:a@b.no',
    'urn:altinn:person:idporten-email:a@b.no',
    'ttd-newsletter',
    'read',
  ],
  // Letter by letter.
  ['Permit', kari, fish, 'ttd-exact-match', 'read'],
  ['NotApplicable', kari, fish, 'ttd-exact-match', 'write'],
  ['NotApplicable', kari, fish, 'ttd-exact-match', 'sign'],
  ['Permit', kari, fish, 'ttd-exact-match', 'Sign'],
  ['NotApplicable', kari, fish, 'ttd-exact-match', 'transmissionread', part('part-a')],
  ['Permit', kari, fish, 'ttd-exact-match', 'transmissionread', part('Part-A')],
  // Delegations.
  ['Permit', ola, snekker, 'ttd-catch-report', 'read'],
  ['NotApplicable', ola, snekker, 'ttd-catch-report', 'write'],
  ['NotApplicable', ola, north, 'ttd-catch-report', 'read'],
  ['Permit', regnskap, fish, 'ttd-building-permit', 'read'],
  ['Permit', rita, snekker, 'ttd-tender', 'transmissionread', part('bid')],
  ['NotApplicable', rita, snekker, 'ttd-tender', 'transmissionread', part('contract')],
  // Without a policy, and with one that is none.
  ['NotApplicable', kari, fish, 'ttd-without-status', 'read'],
  ['Indeterminate', kari, kari, 'ttd-not-delegable', 'read'],
])('is %s for %s at %s: %s, %s, %s', async (decision, user, party, resource, action, attributes) => {
  const more = attributes === undefined ? [] : [attributes];
  expect(await decide(user, party, resource, action, more)).toBe(decision);
});

it('finds the policy of an app by its org and name, and of a task in it', async () => {
  const app = ['urn:altinn:org:ttd', 'urn:altinn:app:registration', fish];
  const ask = async (...more: string[]) => {
    const resource = [...app, ...more].map(attribute);
    const [answer] = await decisionsOf(fixtures, kari, [{ resource, action: 'sign' }]);
    return answer?.decision;
  };
  expect(await ask('urn:altinn:task:Task_1')).toBe('Permit');
  expect(await ask('urn:altinn:task:Task_2')).toBe('NotApplicable');
  expect(await ask()).toBe('NotApplicable');
});

it('gives one instance to whom it was delegated', async () => {
  const instance = (id: string) => ({ id: 'urn:altinn:resource:instance-id', value: `urn:altinn:dialog-id:${id}` });
  const delegated = '019cf0a2-6d5e-7c31-9d44-0f6a1b2c3d01';
  const ask = async (id: string, action: string) => {
    const resource = [attribute('urn:altinn:resource:ttd-building-permit'), attribute(north), instance(id)];
    const [answer] = await decisionsOf(fixtures, ola, [{ resource, action }]);
    return answer?.decision;
  };
  expect(await ask(delegated, 'write')).toBe('Permit');
  expect(await ask(delegated, 'delete')).toBe('NotApplicable');
  expect(await ask(delegated.replace('01', '02'), 'write')).toBe('NotApplicable');
});

it('obliges to the level of the policy, also by delegation', async () => {
  const levelOf = async (user: string, party: string, id: string) => {
    const resource = [attribute(`urn:altinn:resource:${id}`), attribute(party)];
    const [answer] = await decisionsOf(fixtures, user, [{ resource, action: 'read' }]);
    return answer?.obligations.flatMap(({ assignments }) => assignments.map(({ value }) => value));
  };
  expect(await levelOf(kari, fish, 'ttd-building-permit')).toEqual(['3']);
  expect(await levelOf(ola, snekker, 'ttd-catch-report')).toEqual(['4']);
  expect(await levelOf(email, email, 'ttd-newsletter')).toEqual(['0']);
  expect(await levelOf(kari, fish, 'ttd-correspondence')).toEqual([]);
  expect(await levelOf(kari, stranger, 'ttd-building-permit')).toEqual([]);
});

it('knows who somebody is at a party, by URN or by number', async () => {
  const account = { id: 'urn:altinn:userid', value: '20012345' };
  const own = [attribute(kari), account];
  const role = (value: string) => ({ id: 'urn:altinn:rolecode', value });
  const atFish = [...own, role('DAGL'), role('ADMAI'), { id: 'urn:altinn:accesspackage', value: 'fiske' }];
  expect(await subjectAttributes(fixtures, kari, fish)).toEqual(atFish);
  expect(await subjectAttributes(fixtures, 'urn:altinn:userid:20012345', fish)).toEqual(atFish);
  const number = `urn:altinn:partyid:${partyIds(kari).partyId}`;
  expect(await subjectAttributes(fixtures, kari, number)).toEqual([...own, role('PRIV')]);
  expect(await subjectAttributes(fixtures, kari, stranger)).toEqual(own);
  const unknown = systemUser('unknown');
  expect(await subjectAttributes(fixtures, unknown, unknown)).toEqual([attribute(unknown)]);
  expect(await decide(email, `urn:altinn:partyid:${partyIds(email).partyId}`, 'ttd-newsletter', 'read')).toBe('Permit');
});

it('gives nobody anything at a unit that is there for its sub-units alone', async () => {
  const world = (hierarchyOnly: boolean) => ({
    ...fixtures,
    authorisedParties: async () => {
      const [known] = (await fixtures.authorisedParties()).filter(({ user }) => user === manager);
      if (known === undefined) throw new Error('The manager is gone.');
      return [{ ...known, parties: known.parties.map((party) => ({ ...party, hierarchyOnly })) }];
    },
  });
  const role = { id: 'urn:altinn:rolecode', value: 'DAGL' };
  expect(await subjectAttributes(world(false), manager, fish)).toEqual([attribute(manager), role]);
  expect(await subjectAttributes(world(true), manager, fish)).toEqual([attribute(manager)]);
});
