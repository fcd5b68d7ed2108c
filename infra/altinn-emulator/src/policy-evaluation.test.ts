import { describe, expect, it } from 'vitest';
import { type Decision, evaluate } from './policy-evaluation.ts';
import type { AccessRequest } from './policy-expression.ts';

const function1 = 'urn:oasis:names:tc:xacml:1.0:function:';
const function3 = 'urn:oasis:names:tc:xacml:3.0:function:';
const ignoringCase = `${function3}string-equal-ignore-case`;
const exactly = `${function1}string-equal`;
const string = 'http://www.w3.org/2001/XMLSchema#string';
const integer = 'http://www.w3.org/2001/XMLSchema#integer';
const categories = {
  subject: 'urn:oasis:names:tc:xacml:1.0:subject-category:access-subject',
  resource: 'urn:oasis:names:tc:xacml:3.0:attribute-category:resource',
  action: 'urn:oasis:names:tc:xacml:3.0:attribute-category:action',
  environment: 'urn:oasis:names:tc:xacml:3.0:attribute-category:environment',
};
type Category = keyof typeof categories;

const role = 'urn:altinn:rolecode';
const resourceId = 'urn:altinn:resource';
const actionId = 'urn:oasis:names:tc:xacml:1.0:action:action-id';

/** Has two roles; wants to write in a part of a resource. */
const request: AccessRequest = {
  subject: [
    { id: 'urn:altinn:userid', value: '1' },
    { id: role, value: 'DAGL' },
    { id: role, value: 'REGNA' },
  ],
  resource: [
    { id: resourceId, value: 'fangstrapport' },
    { id: 'urn:altinn:subresource', value: 'main' },
  ],
  action: 'write',
};

const literal = (value: string, type = string) => `<AttributeValue DataType="${type}">${value}</AttributeValue>`;
const designator = (category: Category, id: string, more = 'MustBePresent="false"', type = string) =>
  `<AttributeDesignator Category="${categories[category]}" AttributeId="${id}" DataType="${type}" ${more}/>`;
const match = (category: Category, id: string, value: string, by = ignoringCase) =>
  `<Match MatchId="${by}">${literal(value)}${designator(category, id)}</Match>`;
const allOf = (...matches: string[]) => `<AllOf>${matches.join('')}</AllOf>`;
const anyOf = (...alternatives: string[]) => `<AnyOf>${alternatives.join('')}</AnyOf>`;
const target = (...parts: string[]) => `<Target>${parts.join('')}</Target>`;
const one = (matched: string) => target(anyOf(allOf(matched)));
const rule = (effect: string, inside = '<Target/>') => `<Rule RuleId="r" Effect="${effect}">${inside}</Rule>`;
const condition = (expression: string) => rule('Permit', `<Target/><Condition>${expression}</Condition>`);
const apply = (name: string, ...operands: string[]) => `<Apply FunctionId="${name}">${operands.join('')}</Apply>`;
const roles = designator('subject', role);

function policy(inside: string, algorithm = '3.0:rule-combining-algorithm:deny-overrides'): string {
  const namespace = 'xmlns="urn:oasis:names:tc:xacml:3.0:core:schema:wd-17"';
  const id = `RuleCombiningAlgId="urn:oasis:names:tc:xacml:${algorithm}"`;
  return `<?xml version="1.0"?><Policy ${namespace} PolicyId="p" Version="1.0" ${id}>${inside}</Policy>`;
}

const decided = (xml: string) => evaluate(xml, request).decision;

const hit = match('action', actionId, 'write');
const miss = match('action', actionId, 'read');
/** Cannot be told: the function is none of those that are supported. */
const unclear = match('action', actionId, 'write', `${function1}string-regexp-match`);

describe('a target', () => {
  it.each<[string, string, Decision]>([
    ['that is empty matches everything', '<Target/>', 'Permit'],
    ['that is missing does too', '', 'Permit'],
    ['matches', one(hit), 'Permit'],
    ['does not match', one(miss), 'NotApplicable'],
    ['needs all of its parts', target(anyOf(allOf(hit)), anyOf(allOf(miss))), 'NotApplicable'],
    ['needs one of the alternatives', target(anyOf(allOf(miss), allOf(hit))), 'Permit'],
    ['needs all of an alternative', target(anyOf(allOf(hit, miss))), 'NotApplicable'],
    ['finds any of several values', one(match('subject', role, 'regna')), 'Permit'],
    [
      'may want two values at once',
      target(anyOf(allOf(match('subject', role, 'dagl'), match('subject', role, 'regna')))),
      'Permit',
    ],
    ['ignores what it does not name', one(match('resource', resourceId, 'fangstrapport')), 'Permit'],
    ['fails where there is no such attribute', one(match('resource', 'urn:altinn:task', 'main')), 'NotApplicable'],
    ['looks in its category alone', one(match('subject', resourceId, 'fangstrapport')), 'NotApplicable'],
    ['is exact about case where it says so', one(match('subject', role, 'dagl', exactly)), 'NotApplicable'],
    ['finds what is written alike', one(match('subject', role, 'DAGL', exactly)), 'Permit'],
    ['does not ignore blanks', one(match('subject', role, ' dagl')), 'NotApplicable'],
    ['knows no environment', one(match('environment', actionId, 'write')), 'NotApplicable'],
    ['that cannot be told is indeterminate', one(unclear), 'Indeterminate'],
    [
      'does not match if one part does not, whatever the other',
      target(anyOf(allOf(unclear)), anyOf(allOf(miss))),
      'NotApplicable',
    ],
    ['matches if one alternative does, whatever the other', target(anyOf(allOf(unclear), allOf(hit))), 'Permit'],
    ['fails if a match does, whatever the other', target(anyOf(allOf(unclear, miss))), 'NotApplicable'],
  ])('%s', (_, text, decision) => {
    expect(decided(policy(rule('Permit', text)))).toBe(decision);
  });

  it('may want an attribute to be there', () => {
    const wanted = (id: string, more?: string, type?: string) =>
      `<Match MatchId="${exactly}">${literal('main')}${designator('resource', id, more, type)}</Match>`;
    const decision = (...asked: Parameters<typeof wanted>) => decided(policy(rule('Permit', one(wanted(...asked)))));
    expect(decision('urn:altinn:subresource', 'MustBePresent="true"')).toBe('Permit');
    expect(decision('urn:altinn:task', 'MustBePresent="true"')).toBe('Indeterminate');
    expect(decision('urn:altinn:subresource', 'MustBePresent="false" Issuer="somebody"')).toBe('NotApplicable');
    expect(decision('urn:altinn:subresource', 'MustBePresent="false"', integer)).toBe('NotApplicable');
  });

  it.each([
    ['nothing to compare with', `<Match MatchId="${exactly}">${roles}</Match>`],
    ['a selector', `<Match MatchId="${exactly}">${literal('a')}<AttributeSelector Path="/"/></Match>`],
    ['a number', `<Match MatchId="${exactly}">${literal('1', integer)}${roles}</Match>`],
  ])('with %s is indeterminate', (_, text) => {
    expect(decided(policy(rule('Permit', one(text))))).toBe('Indeterminate');
  });

  it.each<[string, string, string, Decision]>([
    ['does not match', one(miss), rule('Permit'), 'NotApplicable'],
    ['matches', one(hit), rule('Deny'), 'Deny'],
    ['cannot be told', one(unclear), rule('Permit'), 'Indeterminate'],
    ['cannot be told, and no rule says anything', one(unclear), rule('Permit', one(miss)), 'NotApplicable'],
  ])('of the policy that %s comes before its rules', (_, text, rules, decision) => {
    expect(decided(policy(text + rules))).toBe(decision);
  });
});

describe('a condition', () => {
  const oneOf = (...values: string[]) => apply(`${function1}string-bag`, ...values.map((value) => literal(value)));
  const yes = apply(exactly, literal('a'), literal('a'));
  const no = apply(exactly, literal('a'), literal('b'));
  const odd = apply(`${function1}string-regexp-match`, literal('a'), literal('a'));
  const any = (by: string, value: string) =>
    apply(`${function3}any-of`, `<Function FunctionId="${by}"/>`, literal(value), roles);

  it.each<[string, string, Decision]>([
    ['is-in', apply(`${function1}string-is-in`, literal('REGNA'), roles), 'Permit'],
    ['is not in', apply(`${function1}string-is-in`, literal('regna'), roles), 'NotApplicable'],
    ['any-of', any(ignoringCase, 'regna'), 'Permit'],
    ['none of', any(exactly, 'regna'), 'NotApplicable'],
    ['any-of by an unknown function', any('urn:other', 'regna'), 'Indeterminate'],
    ['members in common', apply(`${function1}string-at-least-one-member-of`, roles, oneOf('PRIV', 'DAGL')), 'Permit'],
    ['no member in common', apply(`${function1}string-at-least-one-member-of`, roles, oneOf('PRIV')), 'NotApplicable'],
    [
      'the only value',
      apply(exactly, literal('write'), apply(`${function1}string-one-and-only`, designator('action', actionId))),
      'Permit',
    ],
    [
      'one of two as the only value',
      apply(exactly, literal('DAGL'), apply(`${function1}string-one-and-only`, roles)),
      'Indeterminate',
    ],
    ['a bag where a string is due', apply(exactly, literal('DAGL'), roles), 'Indeterminate'],
    ['not', apply(`${function1}not`, no), 'Permit'],
    ['and', apply(`${function1}and`, yes, no, odd), 'NotApplicable'],
    ['and, unclear first', apply(`${function1}and`, odd, no), 'Indeterminate'],
    ['or', apply(`${function1}or`, no, yes, odd), 'Permit'],
    ['or, never true', apply(`${function1}or`, no, no), 'NotApplicable'],
    ['a constant', literal('true', 'http://www.w3.org/2001/XMLSchema#boolean'), 'Permit'],
    ['a string', literal('true'), 'Indeterminate'],
    ['an unknown function', odd, 'Indeterminate'],
    ['a variable', '<VariableReference VariableId="v"/>', 'Indeterminate'],
    ['nothing', '', 'Indeterminate'],
  ])('by %s', (_, expression, decision) => {
    expect(decided(policy(condition(expression)))).toBe(decision);
  });

  it('does not count where the target does not match', () => {
    expect(decided(policy(rule('Permit', `${one(miss)}<Condition>${odd}</Condition>`)))).toBe('NotApplicable');
  });
});

describe('rules are combined', () => {
  const permit = rule('Permit');
  const deny = rule('Deny');
  const nothing = rule('Permit', one(miss));
  const unclearPermit = rule('Permit', one(unclear));
  const unclearDeny = rule('Deny', one(unclear));

  it.each<[string[], Decision, Decision, Decision]>([
    [[], 'NotApplicable', 'NotApplicable', 'NotApplicable'],
    [[nothing], 'NotApplicable', 'NotApplicable', 'NotApplicable'],
    [[nothing, permit], 'Permit', 'Permit', 'Permit'],
    [[nothing, deny], 'Deny', 'Deny', 'Deny'],
    [[permit, deny], 'Deny', 'Permit', 'Permit'],
    [[deny, permit], 'Deny', 'Permit', 'Deny'],
    [[unclearPermit, permit], 'Permit', 'Permit', 'Indeterminate'],
    [[permit, unclearPermit], 'Permit', 'Permit', 'Permit'],
    [[unclearPermit, deny], 'Deny', 'Indeterminate', 'Indeterminate'],
    [[unclearDeny, permit], 'Indeterminate', 'Permit', 'Indeterminate'],
    [[unclearDeny, deny], 'Deny', 'Deny', 'Indeterminate'],
    [[unclearDeny], 'Indeterminate', 'Indeterminate', 'Indeterminate'],
    [[unclearDeny, unclearPermit], 'Indeterminate', 'Indeterminate', 'Indeterminate'],
    [[rule('Maybe'), permit], 'Indeterminate', 'Permit', 'Indeterminate'],
  ])('%#: by deny-overrides, permit-overrides, first-applicable', (rules, ...decisions) => {
    const by = (algorithm: string) => decided(policy(rules.join(''), `${algorithm}`));
    const algorithm = (version: string, name: string) => `${version}:rule-combining-algorithm:${name}`;
    expect([
      by(algorithm('3.0', 'deny-overrides')),
      by(algorithm('3.0', 'permit-overrides')),
      by(algorithm('1.0', 'first-applicable')),
    ]).toEqual(decisions);
    expect([by(algorithm('1.0', 'deny-overrides')), by(algorithm('3.0', 'ordered-deny-overrides'))]).toEqual([
      decisions[0],
      decisions[0],
    ]);
    expect(by(algorithm('1.1', 'ordered-permit-overrides'))).toBe(decisions[1]);
  });

  it('in no way that is unknown', () => {
    expect(decided(policy(permit, '3.0:rule-combining-algorithm:majority'))).toBe('Indeterminate');
  });
});

describe('obligations', () => {
  const obligation = (id: string, on: string, value = literal('4', integer)) =>
    `<ObligationExpressions><ObligationExpression ObligationId="${id}" FulfillOn="${on}">
       <AttributeAssignmentExpression AttributeId="urn:a" Category="urn:altinn:minimum-authenticationlevel">${value}
       </AttributeAssignmentExpression></ObligationExpression></ObligationExpressions>`;
  const level = {
    attributeId: 'urn:a',
    category: 'urn:altinn:minimum-authenticationlevel',
    dataType: integer,
    value: '4',
  };

  it('come with the decision that they are of, those of the rules that decided too', () => {
    const own = (effect: string, text: string) => rule(effect, text + obligation(`${effect} rule`, effect));
    const rules = own('Permit', '') + own('Permit', one(miss)) + own('Deny', one(miss));
    expect(evaluate(policy(rules + obligation('p', 'Permit')), request)).toEqual({
      decision: 'Permit',
      obligations: [
        { id: 'Permit rule', assignments: [level] },
        { id: 'p', assignments: [level] },
      ],
    });
    expect(evaluate(policy(rule('Deny') + obligation('p', 'Permit')), request).obligations).toEqual([]);
    expect(evaluate(policy(rule('Deny') + obligation('d', 'Deny')), request).obligations).toHaveLength(1);
    expect(evaluate(policy(obligation('p', 'Permit')), request).obligations).toEqual([]);
  });

  it('that cannot be told leave nothing to be decided', () => {
    expect(decided(policy(rule('Permit') + obligation('p', 'Permit', roles)))).toBe('Indeterminate');
  });
});

describe('a policy', () => {
  it('may have any prefix', () => {
    const prefixed = policy(rule('Permit', one(hit))).replaceAll(/<(\/?)(?=[A-Z])/g, '<$1x:');
    expect(prefixed).toContain('<x:Match');
    expect(decided(prefixed.replace('xmlns=', 'xmlns:x='))).toBe('Permit');
  });

  it('may have what XML allows: comments, entities and character data', () => {
    const asked = { ...request, resource: [{ id: resourceId, value: 'fisk & <båt>' }] };
    for (const text of ['fisk &amp; &lt;båt&gt;', 'fisk <!-- og -->&amp; &lt;båt>', '<![CDATA[fisk & <båt>]]>']) {
      const xml = policy(`<!-- first -->${rule('Permit', one(match('resource', resourceId, text)))}`);
      expect([text, evaluate(xml, asked).decision]).toEqual([text, 'Permit']);
    }
  });

  it.each([
    ['empty', ''],
    ['text', 'Policy'],
    ['cut off', policy(rule('Permit')).slice(0, -20)],
    ['something else', '<PolicySet/>'],
  ])('that is %s decides nothing', (_, xml) => {
    expect(decided(xml)).toBe('Indeterminate');
  });
});
