import type { Holder, PolicyGrant, PolicyQuestion } from '@dialog/contracts/policy-grant';
import { actionId, policyResourceOf } from './details-authorization.ts';
import type { AllOf, AnyOf, Match, Policy, Rule, Target } from './policy.ts';

/** Everybody, perhaps: the decision point is to be asked. */
const whoKnows: Holder = { subjects: [], certain: false };

/** Beyond it, a policy is not worked out but left to the decision point. Real ones have a few dozen. */
const holdersMax = 1_000;

/**
 * Reduces a policy to whom it permits what a question asks, and whom it denies it (Altinn platform, section 5.5).
 *
 * Never says of anybody for certain what the policy does not: what only a request with a party and an instance can tell,
 * or what we do not understand, becomes uncertain for those whom it is about, or for everybody.
 */
export function grantOf(policy: Policy, question: PolicyQuestion): PolicyGrant {
  if (policy.combining === 'unknown') return { permits: [whoKnows], denies: [] };
  const holdersOf = (effect: Rule['effect']) =>
    concise(policy.rules.filter((rule) => rule.effect === effect).flatMap((rule) => metBy(policy.target, rule)));
  // Where a permit beats any deny, denies take nothing from anybody.
  const denies = policy.combining === 'deny-overrides' ? holdersOf('Deny') : [];
  return { permits: holdersOf('Permit'), denies };

  /** Who meets the targets of policy and rule: one of each alternative's combinations. */
  function metBy(policyTarget: Target, { effect, target, hasMore }: Rule): Holder[] {
    let holders: Holder[] = [{ subjects: [], certain: !hasMore }];
    for (const anyOf of [...policyTarget, ...target]) {
      const either = alternativesOf(anyOf, effect);
      if (holders.length * either.length > holdersMax) return [whoKnows];
      holders = concise(holders.flatMap((holder) => either.map((other) => both(holder, other))));
    }
    return holders;
  }

  function alternativesOf(anyOf: AnyOf, effect: Rule['effect']): Holder[] {
    return anyOf.flatMap((allOf) => holderOf(allOf, effect) ?? []);
  }

  /** Undefined when nobody can meet all matches. */
  function holderOf(allOf: AllOf, effect: Rule['effect']): Holder | undefined {
    let holder: Holder = { subjects: [], certain: true };
    for (const match of allOf) {
      const met = whoMeets(match, effect, question);
      if (met === 'nobody') return undefined;
      holder = both(holder, met);
    }
    return holder;
  }
}

const everybody: Holder = { subjects: [], certain: true };

function whoMeets(match: Match, effect: Rule['effect'], question: PolicyQuestion): Holder | 'nobody' {
  if (match === 'unknown') return whoKnows;
  // An attribute that is demanded and missing makes a denying rule undecided, which is no permit.
  if (effect === 'Deny' && match.isRequired) return whoKnows;
  if (match.category === 'subject') return subjectHolder(match);
  const values = valuesIn(question, match);
  if (values === undefined) return whoKnows;
  return values.some((value) => isEqual(value, match)) ? everybody : 'nobody';
}

type KnownMatch = Exclude<Match, 'unknown'>;

/** By these a resource is named, and parts of it. What else is asked for may come with the party or the instance. */
const resourceAttributes = new Set([
  ...['urn:altinn:resource', 'urn:altinn:app', 'urn:altinn:org', 'urn:altinn:subresource', 'urn:altinn:task'],
]);

/** The values of an attribute in every request that asks this; undefined where requests differ. */
function valuesIn(question: PolicyQuestion, { category, attributeId }: KnownMatch): string[] | undefined {
  if (category === 'action') return attributeId === actionId ? [question.action] : undefined;
  const values = policyResourceOf(question).filter(({ AttributeId }) => AttributeId === attributeId);
  if (values.length === 0 && !resourceAttributes.has(attributeId)) return undefined;
  return values.map(({ Value }) => Value);
}

function isEqual(value: string, match: KnownMatch): boolean {
  return match.ignoresCase ? value.toLowerCase() === match.value.toLowerCase() : value === match.value;
}

/** What authorised parties, tokens and delegations name somebody by. */
const subjectAttributes = [
  ...['urn:altinn:rolecode', 'urn:altinn:accesspackage', 'urn:altinn:org', 'urn:altinn:organization:identifier-no'],
  ...['urn:altinn:person:identifier-no', 'urn:altinn:systemuser:uuid'],
];

/** In which case the decision point has a role's or a package's letters is not known; of numbers there is but one. */
function subjectHolder({ attributeId, value, ignoresCase }: KnownMatch): Holder {
  if (!subjectAttributes.includes(attributeId)) return whoKnows;
  return { subjects: [`${attributeId}:${value}`.toLowerCase()], certain: ignoresCase || /^\d+$/.test(value) };
}

function both(one: Holder, other: Holder): Holder {
  return {
    subjects: [...new Set([...one.subjects, ...other.subjects])].sort(),
    certain: one.certain && other.certain,
  };
}

/** Without those whom another holder covers: fewer demands, and as certain. */
function concise(holders: readonly Holder[]): Holder[] {
  const kept: Holder[] = [];
  for (const holder of [...holders].sort((a, b) => a.subjects.length - b.subjects.length || (a.certain ? -1 : 1))) {
    if (!kept.some((other) => covers(other, holder))) kept.push(holder);
  }
  return kept;
}

function covers(one: Holder, other: Holder): boolean {
  return (one.certain || !other.certain) && one.subjects.every((subject) => other.subjects.includes(subject));
}
