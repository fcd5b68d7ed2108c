import type { Holder, PolicyGrant, PolicyQuestion } from '@dialog/contracts/policy-grant';
import { createLogger } from '@dialog/telemetry/logger';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDecisions, type DecisionCaller, type DecisionSource, personAsCaller } from './decisions.ts';
import type { AuthorisableParts, DecisionRequest, Pair } from './details-authorization.ts';
import type { AuthorisedParty } from './platform/authorised-parties.ts';
import { UpstreamFailure } from './upstream-failure.ts';

const kari = 'urn:altinn:person:identifier-no:01817030080';
const system = 'urn:altinn:systemuser:uuid:5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c';
const fish = 'urn:altinn:organization:identifier-no:313007103';
const permit = 'urn:altinn:resource:ttd-building-permit';
const report = 'urn:altinn:resource:ttd-catch-report';
const dagl = 'urn:altinn:rolecode:dagl';
const fishing = 'urn:altinn:accesspackage:fiske';

const dialog = {
  id: '019c2a6e-5a10-7d2b-9d51-b9a6c0f0a111',
  party: fish,
  serviceResource: permit,
  serviceOwnerLabels: [],
};
/** Raises (read, main), (read, of the other resource), (sign, task), (write, main). */
const parts: AuthorisableParts = {
  apiActions: [{ action: 'write', authorizationAttribute: null }],
  guiActions: [{ action: 'sign', authorizationAttribute: 'urn:altinn:task:control' }],
  transmissions: [{ authorizationAttribute: report }],
};
const all = ['read main', `read ${report}`, 'sign urn:altinn:task:control', 'write main'];

const held = (...subjects: string[]): Holder => ({ subjects, certain: true });
const maybeHeld = (...subjects: string[]): Holder => ({ subjects, certain: false });
const permits = (...holders: Holder[]): PolicyGrant => ({ permits: holders, denies: [] });

function at(party: string, more: Partial<AuthorisedParty> = {}): AuthorisedParty {
  return { party, name: 'Any', subjects: [], resources: [], instances: [], ...more };
}

type World = {
  caller?: DecisionCaller;
  /** Answers of policies, by action, or by action and attribute. */
  grants?: Record<string, PolicyGrant>;
  parties?: AuthorisedParty[] | Error | 'never';
  /** Of the dialog. */
  party?: string;
  /** What the decision point permits of what it is asked. */
  decisionPoint?: (pair: string) => boolean;
};

/** What is permitted, and what the decision point was asked for that: a list of pairs for each request. */
async function decided({
  caller = personAsCaller(kari),
  grants = {},
  parties = [],
  party = fish,
  decisionPoint = () => false,
}: World) {
  const requests: string[][] = [];
  const requestedParties: string[] = [];
  const listed: [string, readonly string[]][] = [];
  const sources: DecisionSource[] = [];
  const questioned: PolicyQuestion[] = [];
  const decisions = createDecisions({
    findGrants: async (questions) => {
      questioned.push(...questions);
      return questions.map(({ action, attribute }) => grants[`${action} ${attribute}`] ?? grants[action]);
    },
    authorisedParties: async (user, named) => {
      listed.push([user, named]);
      if (parties === 'never') return new Promise(() => undefined);
      if (parties instanceof Error) throw parties;
      return parties;
    },
    decisionPoint: async (request) => {
      const asked = pairsIn(request);
      requests.push(asked);
      requestedParties.push(
        ...request.Request.Resource.flatMap(({ Attribute }) => Attribute.map(({ Value }) => Value)),
      );
      return asked.map((pair) => (decisionPoint(pair) ? 'Permit' : 'NotApplicable'));
    },
    log: createLogger('test', 'silent'),
    onDecided: (source) => sources.push(source),
    partiesWaitMs: 20,
  });
  const { permitted } = await decisions.permissionsFor(caller, { ...dialog, party }, parts);
  return { permitted: permitted.map(named), requests, requestedParties, listed, sources, questioned };
}

function named({ action, attribute }: Pair): string {
  return `${action} ${attribute}`;
}

/** The questions of a request, in its order, with attributes as a dialog names them. */
function pairsIn({ Request: { Action, Resource, MultiRequests } }: DecisionRequest): string[] {
  const action = new Map(Action.map(({ Id, Attribute }) => [Id, Attribute[0]?.Value ?? '']));
  const attribute = new Map(
    Resource.map(({ Id, Attribute }) => {
      const { AttributeId, Value } = Attribute.at(-1) ?? { AttributeId: '', Value: '' };
      return [Id, Value === 'main' ? Value : `${AttributeId}:${Value}`];
    }),
  );
  return MultiRequests.RequestReference.map(
    ({ ReferenceId: [, r = '', a = ''] }) => `${action.get(a)} ${attribute.get(r)}`,
  );
}

const everyAction = (grant: PolicyGrant) => ({ read: grant, sign: grant, write: grant });
const always = () => true;

describe('what a policy says about the caller', () => {
  it.each<[string, World, string[], string[]]>([
    [
      'permits by a role at the party',
      { grants: everyAction(permits(held(dagl))), parties: [at(fish, { subjects: [dagl] })] },
      all,
      [],
    ],
    [
      'permits by an access package',
      { grants: everyAction(permits(held(fishing))), parties: [at(fish, { subjects: [fishing] })] },
      all,
      [],
    ],
    [
      'adds up what the caller is there in two places',
      {
        grants: everyAction(permits(held(dagl, fishing))),
        parties: [at(fish, { subjects: [dagl] }), at(fish, { subjects: [fishing] })],
      },
      all,
      [],
    ],
    ['permits by who the caller is, whomever it represents', { grants: everyAction(permits(held(kari))) }, all, []],
    ['permits everybody', { grants: everyAction(permits(held())) }, all, []],
    [
      'permits a system user by its number',
      {
        caller: { type: 'SystemUser', id: system, decisionSubject: system, partyId: undefined },
        grants: everyAction(permits(held(system))),
      },
      all,
      [],
    ],
    [
      'permits a person that the decision point knows by account',
      {
        caller: { ...personAsCaller(kari), decisionSubject: 'urn:altinn:userid:20012345' },
        grants: everyAction(permits(held(kari))),
      },
      all,
      [],
    ],
    ['refuses whom nothing makes anybody at the party', { grants: everyAction(permits(held(dagl))) }, [], []],
    [
      'refuses who is somebody elsewhere',
      {
        grants: everyAction(permits(held(dagl))),
        parties: [at(kari, { subjects: [dagl] })],
      },
      [],
      [],
    ],
    [
      'refuses whom it denies',
      {
        grants: everyAction({ permits: [held(dagl)], denies: [held(kari)] }),
        parties: [at(fish, { subjects: [dagl] })],
      },
      [],
      [],
    ],
    [
      'permits nothing by an account that it happens to name',
      {
        caller: { ...personAsCaller(kari), decisionSubject: 'urn:altinn:userid:20012345' },
        grants: everyAction(permits(held('urn:altinn:userid:20012345'))),
      },
      [],
      [],
    ],
    [
      'leaves open what depends on more',
      {
        grants: { ...everyAction(permits(held(dagl))), write: permits(maybeHeld(dagl)) },
        parties: [at(fish, { subjects: [dagl] })],
      },
      all,
      ['write main'],
    ],
    [
      'leaves open what may be denied',
      {
        grants: { ...everyAction(permits(held(dagl))), write: { permits: [held(dagl)], denies: [maybeHeld()] } },
        parties: [at(fish, { subjects: [dagl] })],
      },
      all,
      ['write main'],
    ],
    [
      'leaves open what depends on more for everybody, also for those who represent nobody',
      {
        grants: { ...everyAction(permits(held(dagl))), read: permits(maybeHeld()) },
      },
      ['read main', `read ${report}`],
      ['read main', `read ${report}`],
    ],
    [
      'leaves open what it was not asked',
      {
        grants: { read: permits(held(dagl)), write: permits(held(dagl)) },
        parties: [at(fish, { subjects: [dagl] })],
      },
      all,
      ['sign urn:altinn:task:control'],
    ],
  ])('%s', async (_rule, world, permitted, asked) => {
    const answer = await decided({ ...world, decisionPoint: always });
    expect(answer.permitted).toEqual(permitted);
    expect(answer.requests).toEqual(asked.length === 0 ? [] : [asked]);
    expect(answer.sources).toEqual([asked.length === 0 ? 'policies' : 'both']);
  });

  it('is asked of the resource that decides on the pair, and of what the caller is at the party alone', async () => {
    const { questioned, listed } = await decided({ decisionPoint: always });
    expect(questioned.map(({ serviceResource, attribute }) => [serviceResource, attribute])).toEqual([
      [permit, 'main'],
      [report, report],
      [permit, 'urn:altinn:task:control'],
      [permit, 'main'],
    ]);
    expect(listed).toEqual([[kari, [fish]]]);
  });
});

describe('a delegation', () => {
  const grants = everyAction(permits(held(dagl)));
  const ofPermit = ['read main', 'sign urn:altinn:task:control', 'write main'];

  it.each<[string, Partial<AuthorisedParty>, string[]]>([
    ['of the resource', { resources: [permit] }, ofPermit],
    ['of another resource that decides on a part', { resources: [report] }, [`read ${report}`]],
    ['of an instance', { instances: [{ resource: permit, reference: 'urn:altinn:dialog-id:any' }] }, ofPermit],
    ['of an instance that is not named', { instances: [{ resource: permit, reference: null }] }, ofPermit],
    ['of something else', { resources: ['urn:altinn:resource:other'] }, []],
  ])('%s is looked into by the decision point, where the policy refuses', async (_, delegation, asked) => {
    const { requests, permitted } = await decided({ grants, parties: [at(fish, delegation)], decisionPoint: always });
    expect(requests).toEqual(asked.length === 0 ? [] : [asked]);
    expect(permitted).toEqual(asked);
  });

  it('counts at the dialog’s party alone', async () => {
    const { requests } = await decided({ grants, parties: [at(kari, { resources: [permit] })], decisionPoint: always });
    expect(requests).toEqual([]);
  });

  it('is not looked into where the policy permits', async () => {
    const parties = [at(fish, { subjects: [dagl], resources: [permit, report] })];
    const { requests, permitted } = await decided({ grants, parties });
    expect([requests, permitted]).toEqual([[], all]);
  });
});

describe('the decision point', () => {
  it('decides alone where no policy has an answer', async () => {
    const parties = [at(fish, { subjects: [dagl] })];
    const { requests, permitted, sources } = await decided({ parties, decisionPoint: (pair) => pair === 'write main' });
    expect([requests, permitted, sources]).toEqual([[all], ['write main'], ['decision-point']]);
  });

  it.each([
    ['cannot be had', new UpstreamFailure('authorised parties', 'no answer')],
    ['are not there in time', 'never' as const],
  ])('decides alone when the authorised parties %s', async (_, parties) => {
    const { requests, permitted } = await decided({ grants: everyAction(permits(held(kari))), parties });
    expect([requests, permitted]).toEqual([[all], []]);
  });

  it('does not wait for authorised parties that it has no use for', async () => {
    const { requests } = await decided({ parties: 'never' });
    expect(requests).toEqual([all]);
  });

  it('is not asked for a fault of our own', async () => {
    const parties = new TypeError('bug');
    await expect(decided({ grants: everyAction(permits(held(kari))), parties })).rejects.toBe(parties);
    await expect(decided({ parties })).resolves.toMatchObject({ requests: [all] });
  });

  it('decides on e-mail users, whose own party it knows by number', async () => {
    const id = 'urn:altinn:person:idporten-email:kari@example.com';
    const caller: DecisionCaller = {
      ...{ type: 'IdportenEmailIdentifiedUser', id },
      ...{ decisionSubject: 'urn:altinn:userid:20012348', partyId: '50012348' },
    };
    const grants = everyAction(permits(held(id)));
    const elsewhere = await decided({ caller, grants });
    expect([elsewhere.requests, elsewhere.listed]).toEqual([[all], []]);
    expect(elsewhere.requestedParties).toContain('313007103');
    const own = await decided({ caller, grants, party: id });
    expect(own.requestedParties).toContain('50012348');
    expect(own.requestedParties).not.toContain('kari@example.com');
  });

  it('is never asked about somebody whom it does not know, who is permitted nothing', async () => {
    const id = 'urn:altinn:person:idporten-email:kari@example.com';
    const caller: DecisionCaller = {
      ...{ type: 'IdportenEmailIdentifiedUser', id },
      ...{ decisionSubject: undefined, partyId: undefined },
    };
    const { requests, permitted } = await decided({
      caller,
      grants: everyAction(permits(held(id))),
      decisionPoint: always,
    });
    expect([requests, permitted]).toEqual([[], []]);
  });
});

it('permits what a naive evaluation permits, whatever is known beforehand', async () => {
  const roles = [dagl, fishing, kari, 'urn:altinn:rolecode:regn'];
  const holder = fc.record({ subjects: fc.subarray(roles, { maxLength: 2 }), certain: fc.boolean() });
  const grant = fc.record({ permits: fc.array(holder, { maxLength: 3 }), denies: fc.array(holder, { maxLength: 1 }) });
  const party = fc.record({
    ...{ party: fc.constantFrom(fish, kari), name: fc.constant('Any'), subjects: fc.subarray(roles.slice(0, 2)) },
    resources: fc.subarray([permit, report]),
    instances: fc.subarray([
      { resource: permit, reference: 'urn:altinn:dialog-id:any' },
      { resource: report, reference: null },
    ]),
  });
  const known = fc.dictionary(fc.constantFrom('read', 'sign', 'write'), grant, { noNullPrototype: true });
  const truth = fc.record({
    // What holders need beside their subjects holds, or does not; and what the decision point gives by delegation.
    beyond: fc.boolean(),
    delegated: fc.boolean(),
    unknown: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(known, fc.array(party, { maxLength: 3 }), truth, async (grants, parties, isSo) => {
      const there = parties.filter((one) => one.party === fish);
      const subjects = new Set([kari, ...there.flatMap((one) => one.subjects)]);
      const naive = (pair: string) => {
        const policy = grants[pair.slice(0, pair.indexOf(' '))];
        if (policy === undefined) return isSo.unknown;
        const holds = (one: Holder) => one.subjects.every((s) => subjects.has(s)) && (one.certain || isSo.beyond);
        if (policy.permits.some(holds) && !policy.denies.some(holds)) return true;
        const resource = pair.endsWith(report) ? report : permit;
        const given = there.some((one) =>
          [...one.resources, ...one.instances.map((i) => i.resource)].includes(resource),
        );
        return given && isSo.delegated;
      };
      const { permitted } = await decided({ grants, parties, decisionPoint: naive });
      expect(permitted).toEqual(all.filter(naive));
    }),
  );
});
