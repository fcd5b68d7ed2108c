import { z } from 'zod';
import type { AltinnUser, DecisionRule, Fixtures, Unit } from '../fixtures.ts';
import type { KeyRing } from '../keys.ts';
import type { EmulatorApp, Operation } from '../operations.ts';
import { partiesOf, partyIds } from './authorised-parties.ts';
import { refusal } from './bearer.ts';

const scope = 'altinn:authorization/authorize.admin';

const category = z.object({
  Id: z.string(),
  Attribute: z.array(z.object({ AttributeId: z.string(), Value: z.string() })),
});
const multiRequest = z.object({
  Request: z.object({
    AccessSubject: z.array(category).length(1),
    Action: z.array(category),
    Resource: z.array(category),
    MultiRequests: z.object({ RequestReference: z.array(z.object({ ReferenceId: z.array(z.string()) })) }),
  }),
});

const oddity = z.strictObject({
  indeterminate: z.boolean().default(false),
  /** So many answers are missing at the end. */
  fewer: z.int().min(0).default(0),
  /** As the real one names members. */
  camelCase: z.boolean().default(false),
});
const ordinary = oddity.parse({});

/** The attributes of one question as URNs: `urn:altinn:resource:fangstrapport`. */
type Question = ReadonlySet<string>;

/**
 * The policy decision point: answers the questions of a multi-decision request in their order, by the rules in the file.
 * Needs a platform token with its scope (403) and a subscription key (401).
 *
 * `POST /emulator/decision-point` with `indeterminate`, `fewer` or `camelCase` makes its answers odd; `DELETE` ends that.
 */
export function registerDecisionPoint(
  app: EmulatorApp,
  operation: Operation,
  deps: { fixtures: Fixtures; keyRing: KeyRing; baseUrl: string },
): void {
  let odd = ordinary;
  app.post('/emulator/decision-point', async (c) => {
    const parsed = oddity.safeParse(await c.req.json());
    if (!parsed.success) return c.text(z.prettifyError(parsed.error), 400);
    odd = parsed.data;
    return c.body(null, 204);
  });
  app.delete('/emulator/decision-point', (c) => {
    odd = ordinary;
    return c.body(null, 204);
  });

  operation('decision-point', 'POST', '/authorization/api/v1/authorize', async (c) => {
    const refused = await refusal(deps, c, scope);
    if (refused !== undefined) return refused;
    const parsed = multiRequest.safeParse(await c.req.json());
    if (!parsed.success) return c.text(z.prettifyError(parsed.error), 400);

    const { AccessSubject, Action, Resource, MultiRequests } = parsed.data.Request;
    // The subject is in every question. It is kept apart: a person can be subject and party.
    const byNumber = urnsByNumber(await deps.fixtures.users());
    const named = (one: z.infer<typeof category>) => urnsOf(one).map((urn) => byNumber.get(urn) ?? urn);
    const categories = new Map([...Action, ...Resource].map((one) => [one.Id, named(one)]));
    const [user = ''] = AccessSubject.flatMap(named);
    const units = (await partiesOf(deps.fixtures, user)).flatMap((party) => [party, ...party.subunits]);
    const rules = await deps.fixtures.decisionRules();
    const decisions = MultiRequests.RequestReference.map(({ ReferenceId }) => {
      if (odd.indeterminate) return 'Indeterminate';
      const question = new Set(ReferenceId.flatMap((id) => categories.get(id) ?? []));
      const subjects = new Set([user, ...subjectsAt(units, question)]);
      return rules.some((rule) => permits(rule, question, subjects)) ? 'Permit' : 'NotApplicable';
    });
    const answered = decisions.slice(0, decisions.length - odd.fewer).map(wire);
    return c.json(odd.camelCase ? inCamelCase({ Response: answered }) : { Response: answered });
  });
}

function urnsOf({ Attribute }: z.infer<typeof category>): string[] {
  return Attribute.map(({ AttributeId, Value }) => `${AttributeId}:${Value}`);
}

/** Users may be named by the number of their account and, where they are the party, by that of their party. */
function urnsByNumber(users: readonly AltinnUser[]): ReadonlyMap<string, string> {
  return new Map(
    users.flatMap(({ urn, userId }) => [
      [`urn:altinn:userid:${userId}`, urn],
      [`urn:altinn:partyid:${partyIds(urn).partyId}`, urn],
    ]),
  );
}

/** The roles and access packages that the user has at the question's party. */
function subjectsAt(units: readonly Unit[], question: Question): string[] {
  const there = units.filter(({ party, hierarchyOnly }) => question.has(party) && !hierarchyOnly);
  return [
    ...there.flatMap(({ roles }) => roles.map((code) => `urn:altinn:rolecode:${code.toLowerCase()}`)),
    ...there.flatMap(({ accessPackages }) =>
      accessPackages.map((id) => `urn:altinn:accesspackage:${id.toLowerCase()}`),
    ),
  ];
}

const actionId = 'urn:oasis:names:tc:xacml:1.0:action:action-id';

/** What a rule names must be in the question; what else is in the question does not matter. */
function permits(rule: DecisionRule, question: Question, subjects: ReadonlySet<string>): boolean {
  const { subject, party, resource, attribute, instance, actions } = rule;
  const named = [
    ...(party === undefined ? [] : [party]),
    ...(resource === undefined ? [] : resourceUrns(resource)),
    ...(attribute === undefined ? [] : [attribute]),
    ...(instance === undefined ? [] : [`urn:altinn:resource:instance-id:${instance}`]),
  ];
  return (
    subjects.has(subject) &&
    named.every((urn) => question.has(urn)) &&
    actions.some((action) => question.has(`${actionId}:${action}`))
  );
}

function resourceUrns(resource: string): string[] {
  const [, org, app] = /^app_([^_]+)_(.+)$/.exec(resource) ?? [];
  return org === undefined ? [`urn:altinn:resource:${resource}`] : [`urn:altinn:org:${org}`, `urn:altinn:app:${app}`];
}

function wire(decision: string) {
  const status = { StatusCode: { Value: 'urn:oasis:names:tc:xacml:1.0:status:ok' } };
  if (decision !== 'Permit') return { Decision: decision, Status: status };
  const level = {
    AttributeId: 'urn:altinn:obligation1-assignment1',
    Value: '3',
    Category: 'urn:altinn:minimum-authenticationlevel',
    DataType: 'http://www.w3.org/2001/XMLSchema#integer',
  };
  const obligations = [{ Id: 'urn:altinn:obligation:authenticationLevel1', AttributeAssignment: [level] }];
  return { Decision: decision, Status: status, Obligations: obligations };
}

function inCamelCase(answer: object): unknown {
  return JSON.parse(
    JSON.stringify(answer).replaceAll(/"([A-Z])(\w*)":/g, (_, first: string, rest: string) => {
      return `"${first.toLowerCase()}${rest}":`;
    }),
  );
}
