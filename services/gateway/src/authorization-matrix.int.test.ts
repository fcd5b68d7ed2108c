import { randomUUIDv7 } from 'node:crypto';
import { decisionsOf } from '@dialog/altinn-emulator/decisions';
import { dataFolder, type Fixtures, fixturesIn, type Unit } from '@dialog/altinn-emulator/fixtures';
import { partiesOf } from '@dialog/altinn-emulator/operations/authorised-parties';
import { obligationsOnPermit } from '@dialog/altinn-emulator/policy-evaluation';
import { type Element, readElement } from '@dialog/altinn-emulator/xml-element';
import { endUserDialogView } from '@dialog/contracts/end-user-view';
import { problem } from '@dialog/contracts/problem';
import type { Database } from '@dialog/database/open';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { endUserPath, type GatewayApp, serviceOwnerPath } from './gateway-app.ts';
import { type GatewayFixture, openGatewayFixture, serviceProvider } from './testing/gateway-fixture.ts';
import { readPolicies } from './testing/read-policies.ts';

/**
 * Every kind of end user opens a dialog of every service at several parties, with every action on every part that a policy
 * mentions. What each may do is held against the emulator's evaluation of whole policies, which shares no code with ours:
 * once when the gateway knows no policy, and once when it knows all of them.
 */

const files = fixturesIn(dataFolder);
const fixtures: Fixtures = {
  ...files,
  ...{ users: once(files.users), parties: once(files.parties), authorisedParties: once(files.authorisedParties) },
  ...{ delegations: once(files.delegations), subjectResources: once(files.subjectResources) },
};
const organization = (number: string) => `urn:altinn:organization:identifier-no:${number}`;
const person = (number: string) => `urn:altinn:person:identifier-no:${number}`;
const systemUser = (uuid: string) => `urn:altinn:systemuser:uuid:${uuid}`;
const kari = person('01817030080');
const email = 'urn:altinn:person:idporten-email:kari@example.com';
const [fish, north, carpenter] = [organization('313007103'), organization('313007200'), organization('313007308')];
const parties = [fish, north, carpenter, kari];
/** What somebody can open who has shown nothing but an e-mail address. */
const forEmailUsers = 'ttd-newsletter';

type User = { name: string; urn: string; token: Record<string, string>; levels: number[]; isUnknown?: boolean };

const asPerson = (name: string, pid: string, levels = [4], more = {}): User => ({
  ...{ name, urn: person(pid), token: { pid, ...more }, levels },
});
const asSystem = (name: string, systemuser: string): User => ({
  ...{ name, urn: systemUser(systemuser), token: { systemuser }, levels: [3] },
});
const users: User[] = [
  asPerson('Kari, who manages an organisation and its sub-unit', '01817030080', [0, 3, 4]),
  asPerson('Kari by the number of her account', '01817030080', [4], { issuer: 'altinn' }),
  asPerson(
    'Ola, with a package, a delegated service, a delegated dialog, and a unit that only shows the hierarchy',
    '05826510058',
    [0, 3, 4],
  ),
  asPerson('Rita, an accountant with delegated services', '18917550316'),
  asPerson('Åse, who is nobody here', '12839020064'),
  asPerson('somebody who represents nobody', '18917550073'),
  asSystem('a system user with a package and a delegated service', '5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c'),
  asSystem('a system user of the sub-unit', '0d9f6d5e-8a44-4f0b-b1b2-7f5c6e4d3a21'),
  { name: 'an e-mail user', urn: email, token: { email: 'kari@example.com', issuer: 'altinn' }, levels: [0] },
  {
    name: 'an e-mail user without an account',
    urn: email,
    token: { email: 'kari@example.com' },
    levels: [0],
    isUnknown: true,
  },
];

/** Thousands of cells are held against the same files. */
function once<Value>(read: () => Promise<Value>): () => Promise<Value> {
  let reading: Promise<Value> | undefined;
  return () => {
    reading ??= read();
    return reading;
  };
}

type Attribute = { id: string; value: string };
type Pair = { action: string; attribute: string | undefined };
type Dialog = { id: string; party: string; resourceId: string; pairs: Pair[] };

let fixture: GatewayFixture;
let db: Database;
let dialogs: Dialog[];
/** Without a policy, or with one that is none. */
const withoutPolicy = ['ttd-without-status', 'se_1234_1', 'ttd-not-delegable'];

beforeAll(async () => {
  fixture = await openGatewayFixture();
  fixture.startWorker();
  db = fixture.openDatabase();
  const app = await fixture.openGateway();
  dialogs = await planned();
  await inParallel(dialogs, (dialog) => create(app, dialog));
}, 120_000);
afterAll(() => fixture.close());

/** Whose dialogs have parts that an app decides on, which is left open for everybody: its policy knows more roles than we. */
const withApp = 'ttd-fishing-quota';

/** A dialog of each service with a policy, and of some without, at each party. */
async function planned(): Promise<Dialog[]> {
  const ids = (await fixtures.resources()).map(({ identifier }) => identifier);
  const resources = await Promise.all(ids.map(async (id) => ({ resourceId: id, policy: await fixtures.policy(id) })));
  const asked = resources.filter(
    ({ resourceId, policy }) => policy !== undefined || withoutPolicy.includes(resourceId),
  );
  return asked.flatMap(({ resourceId, policy }) => {
    const { actions, parts } = mentionedIn(policy);
    const attempted = new Set([...actions, ...actions.map((name) => name.toLowerCase()), 'read', 'write', 'confirm']);
    const foreign = ['urn:altinn:resource:ttd-catch-report', 'neighbours'];
    const attributes = new Set([undefined, ...parts, ...parts.map((urn) => urn.toLowerCase()), ...foreign]);
    if (resourceId === withApp) attributes.add('urn:altinn:app:app_ttd_registration');
    const pairs = [...attributes].flatMap((attribute) => [...attempted].map((action) => ({ action, attribute })));
    const concerned = resourceId === forEmailUsers ? [...parties, email] : parties;
    return concerned.map((party) => ({ id: idOf(resourceId, party), party, resourceId, pairs }));
  });
}

/** One dialog was delegated by its id. */
function idOf(resourceId: string, party: string): string {
  const isDelegated = resourceId === 'ttd-building-permit' && party === north;
  return isDelegated ? '019cf0a2-6d5e-7c31-9d44-0f6a1b2c3d01' : randomUUIDv7();
}

/** The actions and the parts of the resource that a policy names. */
function mentionedIn(policy: string | undefined): { actions: string[]; parts: string[] } {
  const root = policy === undefined ? undefined : readElement(policy);
  const named = (root === undefined ? [] : matchesIn(root)).map(({ children }) => {
    const [literal, designator] = children;
    return { id: designator?.attributes.AttributeId ?? '', value: literal?.text ?? '' };
  });
  const partIds = ['urn:altinn:subresource', 'urn:altinn:task'];
  return {
    actions: named.filter(({ id }) => id.endsWith(':action-id')).map(({ value }) => value),
    parts: named.filter(({ id }) => partIds.includes(id)).map(({ id, value }) => `${id}:${value}`),
  };
}

function matchesIn(element: Element): Element[] {
  return element.name === 'Match' ? [element] : element.children.flatMap(matchesIn);
}

const content = { title: { value: [{ languageCode: 'nb', value: 'Sak' }] } };

async function create(app: GatewayApp, { id, party, resourceId, pairs }: Dialog): Promise<void> {
  const endpoints = [{ url: 'https://ttd.example/', httpMethod: 'GET' }];
  const sender = { actorType: 'ServiceOwner' };
  const attributes = [...new Set(pairs.map(({ attribute }) => attribute))];
  const answer = await app.request(`${serviceOwnerPath}/dialogs`, {
    method: 'POST',
    headers: { ...(await fixture.as('ttd', everyScope)), 'Content-Type': 'application/json' },
    body: JSON.stringify({
      ...{ id, party, serviceResource: `urn:altinn:resource:${resourceId}`, content },
      apiActions: pairs.map(({ action, attribute }) => ({ action, authorizationAttribute: attribute, endpoints })),
      transmissions: attributes.map((authorizationAttribute) => ({
        ...{ type: 'Information', sender, content, authorizationAttribute },
      })),
    }),
  });
  if (answer.status !== 201) throw new Error(`${resourceId}: ${await answer.text()}`);
}
const everyScope = `${serviceProvider} ${serviceProvider}.admin digdir:dialogporten.correspondence`;

/** What somebody is told of a dialog: why not, or what may be done, and which of its parts may be used. */
type Told = { refused: string } | { permitted: string[]; actions: boolean[]; transmissions: boolean[] };

async function told(app: GatewayApp, { token }: User, level: number, { id }: Dialog): Promise<Told> {
  const headers = await fixture.asEndUser({ ...token, ...('pid' in token && { level: String(level) }) });
  const answer = await app.request(`${endUserPath}/dialogs/${id}`, { headers });
  if (answer.status !== 200) {
    return { refused: `${answer.status} ${Object.values(problem.parse(await answer.json()).errors ?? {}).join()}` };
  }
  const dialog = endUserDialogView.parse(await answer.json());
  const { a } = z.looseObject({ a: z.string() }).parse(decodeJwt(dialog.dialogToken));
  return {
    permitted: a === '' ? [] : a.split(';'),
    actions: dialog.apiActions.map(({ isAuthorized }) => isAuthorized),
    transmissions: dialog.transmissions.map(({ isAuthorized }) => isAuthorized),
  };
}

/** The same, by the specification and the emulator's evaluation. */
async function expected(user: User, level: number, dialog: Dialog): Promise<Told> {
  const permitted = await permittedTo(user, dialog);
  const isMainPermitted = permitted.some((pair) => !pair.includes(','));
  if (!isMainPermitted && !(await isListedFor(user, dialog))) return { refused: '403 Forbidden' };
  if (level < (await minimumLevelOf(dialog))) return { refused: '403 Altinn authentication level too low.' };
  const isPermitted = (action: string, attribute: string) => permitted.includes(`${action},${attribute}`);
  const actionNames = new Set(permitted.map((pair) => pair.split(',')[0]));
  const attributes = [...new Set(dialog.pairs.map(({ attribute }) => attribute))];
  return {
    permitted,
    actions: dialog.pairs.map(({ action, attribute }) =>
      attribute === undefined ? isMainPermitted && actionNames.has(action) : isPermitted(action, attribute),
    ),
    transmissions: attributes.map((attribute) =>
      attribute === undefined
        ? isMainPermitted
        : isPermitted('transmissionread', attribute) || isPermitted('read', attribute),
    ),
  };
}

const evaluated = new Map<string, Promise<string[]>>();

/** As a dialog token has it, in its order. */
function permittedTo(user: User, dialog: Dialog): Promise<string[]> {
  const key = `${user.urn} ${user.isUnknown} ${dialog.id}`;
  const known = evaluated.get(key) ?? evaluate(user, dialog);
  evaluated.set(key, known);
  return known;
}

async function evaluate(user: User, dialog: Dialog): Promise<string[]> {
  if (user.isUnknown === true) return [];
  const questions = dialog.pairs.map(({ action, attribute }) => ({ action, resource: resourceOf(dialog, attribute) }));
  const decisions = await decisionsOf(fixtures, user.urn, questions);
  return dialog.pairs
    .filter((_, index) => decisions[index]?.decision === 'Permit')
    .sort((a, b) => compare(a.action, b.action) || compare(a.attribute ?? 'main', b.attribute ?? 'main'))
    .map(({ action, attribute }) => (attribute === undefined ? action : `${action},${attribute}`));
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Authorization, sections 7.3 and 7.4. */
function resourceOf({ id, party, resourceId }: Dialog, attribute = 'main'): Attribute[] {
  const app = (name: string) => {
    const [, org = '', ...rest] = name.split('_');
    return [
      { id: 'urn:altinn:app', value: rest.join('_') },
      { id: 'urn:altinn:org', value: org },
    ];
  };
  const split = (urn: string) => ({
    id: urn.slice(0, urn.lastIndexOf(':')),
    value: urn.slice(urn.lastIndexOf(':') + 1),
  });
  if (attribute.startsWith('urn:altinn:resource:')) return [split(party), split(attribute)];
  if (attribute.startsWith('urn:altinn:app:')) return [split(party), ...app(split(attribute).value)];
  const own = resourceId.toLowerCase();
  return [
    ...(own.startsWith('app_') ? app(own) : [{ id: 'urn:altinn:resource', value: own }]),
    split(party),
    { id: 'urn:altinn:resource:instance-id', value: `urn:altinn:dialog-id:${id}` },
    attribute.includes(':') ? split(attribute) : { id: 'urn:altinn:subresource', value: attribute },
  ];
}

/** What somebody is at a party, or was given there; units that only show the hierarchy give nothing. */
async function unitsOf({ urn }: User): Promise<Unit[]> {
  const units = (await partiesOf(fixtures, urn)).flatMap((party) => [party, ...party.subunits]);
  return units.filter(({ hierarchyOnly }) => !hierarchyOnly);
}

/** Authorization, section 8: any right on the service is enough. */
async function isListedFor(user: User, { id, party, resourceId }: Dialog): Promise<boolean> {
  const units = await unitsOf(user);
  const there = units.filter((unit) => unit.party === party);
  const subjects = new Set([
    ...there.flatMap(({ roles }) => roles.map((code) => `urn:altinn:rolecode:${code.toLowerCase()}`)),
    ...there.flatMap(({ accessPackages }) => accessPackages.map((name) => `urn:altinn:accesspackage:${name}`)),
  ]);
  const isResource = (name: string) => name.trim().toLowerCase() === resourceId.toLowerCase();
  const gives = (await fixtures.subjectResources()).some(
    ({ subjectUrn, resourceUrn, deleted }) =>
      !deleted && subjects.has(subjectUrn.toLowerCase()) && isResource(resourceUrn.replace('urn:altinn:resource:', '')),
  );
  const isDelegated = units
    .flatMap(({ instances }) => instances)
    .some(({ instanceRef }) => instanceRef === `urn:altinn:dialog-id:${id}`);
  return gives || isDelegated || there.flatMap(({ resources }) => resources).some(isResource);
}

async function minimumLevelOf({ resourceId }: Dialog): Promise<number> {
  const policy = await fixtures.policy(resourceId);
  const [first] = policy === undefined ? [] : obligationsOnPermit(policy);
  const level = first?.assignments.find(({ category }) => category === 'urn:altinn:minimum-authenticationlevel');
  return level === undefined ? 3 : Number(level.value);
}

type Cell = { user: User; level: number; dialog: Dialog };

/** The highest level first: later ones find what the platform has answered, and leave no visit. */
function cells(): Cell[] {
  return users.flatMap((user) =>
    user.levels.toReversed().flatMap((level) => dialogs.map((dialog) => ({ user, level, dialog }))),
  );
}

/** Reads cells and holds each against what is expected. @returns how many pairs were permitted, and how many not */
async function holdAgainst(app: GatewayApp, some: Cell[]): Promise<{ yes: number; no: number }> {
  const wrong: unknown[] = [];
  const counts = { yes: 0, no: 0 };
  await inParallel(some, async ({ user, level, dialog }) => {
    const [is, should] = await Promise.all([told(app, user, level, dialog), expected(user, level, dialog)]);
    const permitted = 'permitted' in is ? is.permitted.length : 0;
    counts.yes += permitted;
    counts.no += dialog.pairs.length - permitted;
    if (JSON.stringify(is) !== JSON.stringify(should)) {
      wrong.push({ user: user.name, level, resource: dialog.resourceId, party: dialog.party, is, should });
    }
  });
  expect(wrong.slice(0, 3)).toEqual([]);
  return counts;
}

async function inParallel<Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values();
  const one = async () => {
    for (const item of left) await act(item);
  };
  await Promise.all(Array.from({ length: 12 }, one));
}

async function decisionPointCalls(): Promise<number> {
  const counts = await (await fetch(`${fixture.emulator.baseUrl}/emulator/calls`)).json();
  return z.looseObject({ 'decision-point': z.number().default(0) }).parse(counts)['decision-point'];
}

it('is the decision point’s, when no policy is known', async () => {
  const app = await fixture.openGateway();
  const { yes, no } = await holdAgainst(app, cells());
  expect(yes).toBeGreaterThan(500);
  expect(no).toBeGreaterThan(10_000);
}, 120_000);

it('is the same, when the policies are known, and the decision point is asked only about what they leave open', async () => {
  await readPolicies(db, fixtures.policy);
  const app = await fixture.openGateway();
  const all = await Promise.all(cells().map(async (cell) => ({ cell, isOpen: await mayBeOpen(cell) })));
  const settled = all.filter(({ isOpen }) => !isOpen).map(({ cell }) => cell);
  const open = all.filter(({ isOpen }) => isOpen).map(({ cell }) => cell);

  const before = await decisionPointCalls();
  const { yes } = await holdAgainst(app, settled);
  expect(yes).toBeGreaterThan(400);
  expect(await decisionPointCalls()).toBe(before);
  await holdAgainst(app, open);
  expect(await decisionPointCalls()).toBeGreaterThan(before);
  const metrics = await (await app.request('/metrics')).text();
  expect(metrics).toMatch(/dialog_decisions_total{source="both"} [1-9]/);
}, 120_000);

it('needs no decision point where the policies settle it, and nothing else where they cannot be applied', async () => {
  const [manager] = users;
  const dialog = dialogs.find(({ resourceId, party }) => resourceId === 'ttd-building-permit' && party === fish);
  if (manager === undefined || dialog === undefined) throw new Error('The matrix has no such cell.');
  const should = await expected(manager, 4, dialog);
  for (const operation of ['decision-point', 'authorised-parties']) {
    const app = await fixture.openGateway();
    await fault({ operation, status: 503 });
    // On a busy machine the list of parties may come too late for the first reader.
    await expect.poll(() => told(app, manager, 4, dialog), { timeout: 20_000 }).toEqual(should);
    await fetch(`${fixture.emulator.baseUrl}/emulator/faults`, { method: 'DELETE' });
  }
});

async function fault(described: { operation: string; status: number }): Promise<void> {
  await fetch(`${fixture.emulator.baseUrl}/emulator/faults`, { method: 'POST', body: JSON.stringify(described) });
}

it('is refused soon to readers of a level that the policy no longer admits', async () => {
  const [manager] = users;
  const dialog = dialogs.find(({ resourceId, party }) => resourceId === 'ttd-newsletter' && party === kari);
  if (manager === undefined || dialog === undefined) throw new Error('The matrix has no such cell.');
  const app = await fixture.openGateway();
  expect(await told(app, manager, 3, dialog)).toHaveProperty('permitted');
  await db
    .updateTable('resource_policy')
    .set({ minimum_level: 4 })
    .where('service_resource', '=', `urn:altinn:resource:${dialog.resourceId}`)
    .execute();
  const tooLow = { refused: '403 Altinn authentication level too low.' };
  await expect.poll(() => told(app, manager, 3, dialog), { timeout: 20_000 }).toEqual(tooLow);
});

/** Where a policy cannot tell, or was not the last word. */
async function mayBeOpen({ user, dialog }: Cell): Promise<boolean> {
  if (user.urn === email) return user.isUnknown !== true;
  // A condition, a comparison of roles letter by letter, and an unknown register of roles.
  const withMore = [withApp, 'ttd-exact-match', 'app_ttd_registration'];
  if ([...withoutPolicy, ...withMore].includes(dialog.resourceId)) return true;
  const there = (await unitsOf(user)).filter(({ party }) => party === dialog.party);
  const delegated = there.flatMap(({ resources, instances }) => [
    ...resources,
    ...instances.map((one) => one.resourceId),
  ]);
  return [dialog.resourceId, 'ttd-catch-report'].some((one) => delegated.includes(one));
}
