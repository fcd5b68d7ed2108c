import { type AccessRequest, call, expressionValue, isBag } from './policy-expression.ts';
import { type Element, readElement } from './xml-element.ts';

/**
 * Decides by a XACML 3.0 policy, in the words of the standard and without any of the code that the services read policies
 * with: what the two have in common is the standard.
 */

export type Decision = 'Permit' | 'Deny' | 'NotApplicable' | 'Indeterminate';

export type Obligation = {
  id: string;
  assignments: readonly { attributeId: string; category: string; dataType: string; value: string }[];
};

export type Evaluation = {
  decision: Decision;
  /** Of the policy and of the rules that led to the decision. */
  obligations: readonly Obligation[];
};

/** What could not be decided still tells what it could have been: permitted, denied, or either. */
type Outcome = 'Permit' | 'Deny' | 'NotApplicable' | 'Indeterminate{P}' | 'Indeterminate{D}' | 'Indeterminate{DP}';

/** Undefined: it cannot be told. */
type Truth = boolean | undefined;

const indeterminate: Evaluation = { decision: 'Indeterminate', obligations: [] };

/** @param policyXml a text that is no policy leads to `Indeterminate` */
export function evaluate(policyXml: string, request: AccessRequest): Evaluation {
  const policy = readElement(policyXml);
  if (policy?.name !== 'Policy') return indeterminate;
  const rules = childrenOf(policy, 'Rule').map((rule) => ({ rule, outcome: outcomeOf(rule, request) }));
  const combined = combine(
    policy.attributes.RuleCombiningAlgId ?? '',
    rules.map(({ outcome }) => outcome),
  );
  const outcome = onTarget(matchesTarget(policy, request), combined);
  if (outcome === 'NotApplicable') return { decision: outcome, obligations: [] };
  if (outcome !== 'Permit' && outcome !== 'Deny') return indeterminate;
  const decisive = rules.filter((one) => one.outcome === outcome).map(({ rule }) => rule);
  const obligations = [...decisive, policy].flatMap((one) => obligationsIn(one, outcome));
  return obligations.includes(undefined)
    ? indeterminate
    : { decision: outcome, obligations: obligations.filter((one) => one !== undefined) };
}

/** What a policy obliges to whenever it permits. A text that is no policy obliges to nothing. */
export function obligationsOnPermit(policyXml: string): readonly Obligation[] {
  const policy = readElement(policyXml);
  return policy === undefined ? [] : obligationsIn(policy, 'Permit').filter((one) => one !== undefined);
}

/** Section 7.11. */
function outcomeOf(rule: Element, request: AccessRequest): Outcome {
  const effect = rule.attributes.Effect;
  if (effect !== 'Permit' && effect !== 'Deny') return 'Indeterminate{DP}';
  const target = matchesTarget(rule, request);
  // A condition counts only where the target matches.
  const holds = target === true ? conditionHolds(rule, request) : target;
  if (holds === undefined) return effect === 'Permit' ? 'Indeterminate{P}' : 'Indeterminate{D}';
  return holds ? effect : 'NotApplicable';
}

function conditionHolds(rule: Element, request: AccessRequest): Truth {
  const [condition] = childrenOf(rule, 'Condition');
  if (condition === undefined) return true;
  const [expression] = condition.children;
  const value = expression === undefined ? undefined : expressionValue(expression, request);
  return typeof value === 'boolean' ? value : undefined;
}

/** Sections 7.6 and 7.7: all of a target, any of each `AnyOf`, all of each `AllOf`. Without a target, everything. */
function matchesTarget(element: Element, request: AccessRequest): Truth {
  const [target] = childrenOf(element, 'Target');
  if (target === undefined) return true;
  return every(
    childrenOf(target, 'AnyOf').map((anyOf) =>
      some(
        childrenOf(anyOf, 'AllOf').map((allOf) =>
          every(childrenOf(allOf, 'Match').map((match) => matches(match, request))),
        ),
      ),
    ),
  );
}

/** Whether the function holds for the literal and at least one value of the attribute: with no value it does not. */
function matches(match: Element, request: AccessRequest): Truth {
  const [literal] = childrenOf(match, 'AttributeValue');
  const [designator] = childrenOf(match, 'AttributeDesignator');
  if (literal === undefined || designator === undefined) return undefined;
  const bag = expressionValue(designator, request);
  if (!isBag(bag)) return undefined;
  const wanted = expressionValue(literal, request);
  return some(
    bag.map((value) => {
      const answer = call(match.attributes.MatchId ?? '', [wanted, value]);
      return typeof answer === 'boolean' ? answer : undefined;
    }),
  );
}

function every(parts: readonly Truth[]): Truth {
  if (parts.includes(false)) return false;
  return parts.includes(undefined) ? undefined : true;
}

function some(parts: readonly Truth[]): Truth {
  if (parts.includes(true)) return true;
  return parts.includes(undefined) ? undefined : false;
}

/** Section 7.12 and table 7. */
function onTarget(target: Truth, combined: Outcome): Outcome {
  if (target === false) return 'NotApplicable';
  if (target === true) return combined;
  if (combined === 'Permit') return 'Indeterminate{P}';
  return combined === 'Deny' ? 'Indeterminate{D}' : combined;
}

/** Appendix C; the ordered variants differ in the order of work alone. */
function combine(algorithm: string, outcomes: readonly Outcome[]): Outcome {
  const [, name = ''] =
    /^urn:oasis:names:tc:xacml:\d\.\d:rule-combining-algorithm:(?:ordered-)?([a-z-]+)$/.exec(algorithm) ?? [];
  switch (name) {
    case 'deny-overrides':
      return overriding('Deny', 'Permit', outcomes);
    case 'permit-overrides':
      return overriding('Permit', 'Deny', outcomes);
    case 'first-applicable':
      return outcomes.find((outcome) => outcome !== 'NotApplicable') ?? 'NotApplicable';
    default:
      return 'Indeterminate{DP}';
  }
}

function overriding(strong: 'Permit' | 'Deny', weak: 'Permit' | 'Deny', outcomes: readonly Outcome[]): Outcome {
  const has = (outcome: Outcome) => outcomes.includes(outcome);
  const perhaps = { Permit: 'Indeterminate{P}', Deny: 'Indeterminate{D}' } as const;
  if (has(strong)) return strong;
  if (has('Indeterminate{DP}')) return 'Indeterminate{DP}';
  if (has(perhaps[strong])) return has(weak) || has(perhaps[weak]) ? 'Indeterminate{DP}' : perhaps[strong];
  if (has(weak)) return weak;
  return has(perhaps[weak]) ? perhaps[weak] : 'NotApplicable';
}

/** Section 7.18. Undefined stands for one whose values cannot be told. */
function obligationsIn(element: Element, decision: 'Permit' | 'Deny'): (Obligation | undefined)[] {
  return childrenOf(element, 'ObligationExpressions')
    .flatMap((list) => childrenOf(list, 'ObligationExpression'))
    .filter(({ attributes }) => attributes.FulfillOn === decision)
    .map(obligationOf);
}

function obligationOf(expression: Element): Obligation | undefined {
  const assignments = childrenOf(expression, 'AttributeAssignmentExpression').map(({ attributes, children }) => {
    const [literal] = children;
    if (literal?.name !== 'AttributeValue') return undefined;
    const { AttributeId: attributeId = '', Category: category = '' } = attributes;
    return { attributeId, category, dataType: literal.attributes.DataType ?? '', value: literal.text };
  });
  if (assignments.includes(undefined)) return undefined;
  return {
    id: expression.attributes.ObligationId ?? '',
    assignments: assignments.filter((one) => one !== undefined),
  };
}

function childrenOf(element: Element, name: string): readonly Element[] {
  return element.children.filter((child) => child.name === name);
}
