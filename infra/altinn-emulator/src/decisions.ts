import type { AltinnUser, Delegation, Fixtures, Unit } from './fixtures.ts';
import { partiesOf, partyIds } from './operations/authorised-parties.ts';
import { type Evaluation, evaluate, obligationsOnPermit } from './policy-evaluation.ts';
import type { Attribute } from './policy-expression.ts';

/** What a user wants to do, and with what: the resource, the party, perhaps a part of the resource and an instance. */
export type Question = { resource: readonly Attribute[]; action: string };

/**
 * The decision point's answers, in the order of the questions: each by the policy of the resource that it names, and
 * where that says nothing by what was delegated to the user. A resource without a policy is `NotApplicable`.
 *
 * @param user URN of a person, a system user or an e-mail user, or of its account (`urn:altinn:userid:…`)
 */
export async function decisionsOf(
  fixtures: Fixtures,
  user: string,
  questions: readonly Question[],
): Promise<Evaluation[]> {
  const users = await fixtures.users();
  const known = knownAs(users, user);
  const units = await unitsOf(fixtures, known);
  const delegations = (await fixtures.delegations()).filter(({ subject }) => subject === known);
  // A request has dozens of questions, and most are for the same policy.
  const policies = new Map<string, Promise<string | undefined>>();

  return Promise.all(
    questions.map(async ({ resource: asked, action }) => {
      const resource = withPartyUrn(users, asked);
      const resourceId = resourceIdIn(resource) ?? '';
      const reading = policies.get(resourceId) ?? fixtures.policy(resourceId);
      policies.set(resourceId, reading);
      const policy = await reading;
      if (policy === undefined) return { decision: 'NotApplicable', obligations: [] };
      const subject = [...ownAttributes(users, known), ...attributesAt(units, new Set(resource.map(urnOf)))];
      const evaluation = evaluate(policy, { subject, resource, action });
      if (evaluation.decision !== 'NotApplicable') return evaluation;
      return delegations.some((delegation) => covers(delegation, { resource, action }))
        ? { decision: 'Permit', obligations: obligationsOnPermit(policy) }
        : evaluation;
    }),
  );
}

/**
 * Who a user is to a policy at a party: its own URN and account, and the roles and access packages that it has there, in
 * the words of the files.
 */
export async function subjectAttributes(fixtures: Fixtures, user: string, party: string): Promise<Attribute[]> {
  const users = await fixtures.users();
  const known = knownAs(users, user);
  const units = await unitsOf(fixtures, known);
  return [...ownAttributes(users, known), ...attributesAt(units, new Set([knownAs(users, party)]))];
}

const userId = 'urn:altinn:userid';
const partyId = 'urn:altinn:partyid';
const resourceId = 'urn:altinn:resource';
const instanceId = 'urn:altinn:resource:instance-id';
const orgId = 'urn:altinn:org';
const appId = 'urn:altinn:app';

/** The URN that the files have for what may be named by the number of an account or of its party. */
function knownAs(users: readonly AltinnUser[], urn: string): string {
  const account = users.find((one) =>
    [`${userId}:${one.userId}`, `${partyId}:${partyIds(one.urn).partyId}`].includes(urn),
  );
  return account?.urn ?? urn;
}

async function unitsOf(fixtures: Fixtures, user: string): Promise<Unit[]> {
  return (await partiesOf(fixtures, user)).flatMap((party) => [party, ...party.subunits]);
}

function ownAttributes(users: readonly AltinnUser[], user: string): Attribute[] {
  const account = users.find(({ urn }) => urn === user);
  return [attributeOf(user), ...(account === undefined ? [] : [{ id: userId, value: String(account.userId) }])];
}

/** What a user has at units, of which one that is there for its sub-units alone gives nothing. */
function attributesAt(units: readonly Unit[], parties: ReadonlySet<string>): Attribute[] {
  const there = units.filter(({ party, hierarchyOnly }) => parties.has(party) && !hierarchyOnly);
  return there.flatMap(({ roles, accessPackages }) => [
    ...roles.map((value) => ({ id: 'urn:altinn:rolecode', value })),
    ...accessPackages.map((value) => ({ id: 'urn:altinn:accesspackage', value })),
  ]);
}

/** Policies know a party by its URN, also where the question has the number of its account. */
function withPartyUrn(users: readonly AltinnUser[], resource: readonly Attribute[]): Attribute[] {
  return resource.flatMap((attribute) =>
    attribute.id === partyId ? [attribute, attributeOf(knownAs(users, urnOf(attribute)))] : [attribute],
  );
}

function resourceIdIn(resource: readonly Attribute[]): string | undefined {
  const valueIn = (wanted: string) => resource.find(({ id }) => id === wanted)?.value;
  const [org, app] = [valueIn(orgId), valueIn(appId)];
  return valueIn(resourceId) ?? (org === undefined || app === undefined ? undefined : `app_${org}_${app}`);
}

/** What a delegation names must be in the question; what else is in the question does not matter. */
function covers(delegation: Delegation, { resource, action }: Question): boolean {
  const { party, attribute, instance, actions } = delegation;
  const asked = new Set(resource.map(urnOf));
  const named = [party, attribute, instance === undefined ? undefined : `${instanceId}:${instance}`];
  return (
    resourceIdIn(resource)?.toLowerCase() === delegation.resource.toLowerCase() &&
    named.every((urn) => urn === undefined || asked.has(urn)) &&
    actions.includes(action)
  );
}

function attributeOf(urn: string): Attribute {
  const colon = urn.lastIndexOf(':');
  return { id: urn.slice(0, colon), value: urn.slice(colon + 1) };
}

function urnOf({ id, value }: Attribute): string {
  return `${id}:${value}`;
}
