import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { z } from 'zod';

/**
 * A XACML 3.0 policy of a service resource (Altinn platform, section 5.5), as far as it can be told beforehand whom it
 * permits something. What we do not understand is never left out, for that could turn a no into a yes: it is `unknown`.
 */
export type Policy = {
  /** What an answer is when some rules permit and others deny. */
  combining: 'deny-overrides' | 'permit-overrides' | 'unknown';
  /** What every rule demands as well. */
  target: Target;
  rules: readonly Rule[];
  /** The lowest authentication level that it lets in; undefined when it names none, or none that is a whole number. */
  minimumLevel: number | undefined;
};

export type Rule = {
  effect: 'Permit' | 'Deny';
  target: Target;
  /** Whether it demands more than its target does, or binds those whom it permits to something. */
  hasMore: boolean;
};

/** Holds when each of its parts does, and such a part when one of its alternatives does. */
export type Target = readonly AnyOf[];
export type AnyOf = readonly AllOf[];
/** Holds when each of its matches does. */
export type AllOf = readonly Match[];

/** One attribute that somebody, an action or a resource must have. */
export type Match =
  | {
      category: 'subject' | 'action' | 'resource';
      attributeId: string;
      value: string;
      ignoresCase: boolean;
      /** Whether nothing can be decided when there is no such attribute. */
      isRequired: boolean;
    }
  | 'unknown';

const attribute = '@';
const text = '#text';
const listed = ['Rule', 'AnyOf', 'AllOf', 'Match', 'ObligationExpression', 'AttributeAssignmentExpression'];

// Namespace prefixes vary, the local names do not. Entities are left alone, and blanks are part of a value.
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: attribute,
  textNodeName: text,
  alwaysCreateTextNode: true,
  trimValues: false,
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
  removeNSPrefix: true,
  isArray: (name) => listed.includes(name),
});

const element = z.record(z.string(), z.unknown());
type Element = z.infer<typeof element>;

/** @throws when the text is no policy: not well-formed, or something else, as a set of policies is */
export function parsePolicy(xml: string): Policy {
  const valid = XMLValidator.validate(xml);
  if (valid !== true) throw new Error(`Not well-formed: ${valid.err.code} in line ${valid.err.line}`);
  const policy = elementIn(element.parse(parser.parse(xml)), 'Policy');
  if (policy === undefined) throw new Error('The root is not a Policy');

  const rules = elementsIn(policy, 'Rule').map(ruleOf);
  const isUnderstood = hasOnly(policy, policyParts) && rules.every((rule) => rule !== undefined);
  const obligations = elementsIn(elementIn(policy, 'ObligationExpressions') ?? {}, 'ObligationExpression');
  const assignments = obligations.map((obligation) => elementsIn(obligation, 'AttributeAssignmentExpression'));
  const bindsToLevelOnly = assignments.flat().every((one) => levelCategories.includes(attributeIn(one, 'Category')));
  return {
    combining: isUnderstood && bindsToLevelOnly ? combiningOf(attributeIn(policy, 'RuleCombiningAlgId')) : 'unknown',
    target: targetOf(policy),
    rules: rules.filter((rule) => rule !== undefined),
    minimumLevel: levelIn(assignments[0] ?? []),
  };
}

const policyParts = [
  ...['Description', 'PolicyDefaults', 'Target', 'VariableDefinition', 'Rule', 'ObligationExpressions'],
  'AdviceExpressions',
];
const ruleParts = ['Description', 'Target', 'AdviceExpressions'];

/** The same algorithm has an id of each version of XACML, and another one that keeps the order of the rules. */
const combiningId =
  /^urn:oasis:names:tc:xacml:(?:1\.0|1\.1|3\.0):rule-combining-algorithm:(?:ordered-)?(deny-overrides|permit-overrides)$/;

function combiningOf(id: string): Policy['combining'] {
  const name = combiningId.exec(id)?.[1];
  return name === 'deny-overrides' || name === 'permit-overrides' ? name : 'unknown';
}

function ruleOf(rule: Element): Rule | undefined {
  const effect = attributeIn(rule, 'Effect');
  if (effect !== 'Permit' && effect !== 'Deny') return undefined;
  return { effect, target: targetOf(rule), hasMore: !hasOnly(rule, ruleParts) };
}

const unknownTarget: Target = [[['unknown']]];

function targetOf(of: Element): Target {
  if (of.Target === undefined) return [];
  const target = elementIn(of, 'Target');
  if (target === undefined || !hasOnly(target, ['AnyOf'])) return unknownTarget;
  return elementsIn(target, 'AnyOf').map((anyOf) =>
    hasOnly(anyOf, ['AllOf']) && anyOf.AllOf !== undefined
      ? elementsIn(anyOf, 'AllOf').map(allOf)
      : [['unknown' as const]],
  );
}

function allOf(of: Element): AllOf {
  return hasOnly(of, ['Match']) && of.Match !== undefined ? elementsIn(of, 'Match').map(matchOf) : ['unknown'];
}

const ignoringCase: ReadonlyMap<string, boolean> = new Map([
  ['urn:oasis:names:tc:xacml:1.0:function:string-equal', false],
  ['urn:oasis:names:tc:xacml:3.0:function:string-equal-ignore-case', true],
]);
const categories: ReadonlyMap<string, 'subject' | 'action' | 'resource'> = new Map([
  ['urn:oasis:names:tc:xacml:1.0:subject-category:access-subject', 'subject'],
  ['urn:oasis:names:tc:xacml:3.0:attribute-category:action', 'action'],
  ['urn:oasis:names:tc:xacml:3.0:attribute-category:resource', 'resource'],
]);
const stringType = 'http://www.w3.org/2001/XMLSchema#string';

function matchOf(match: Element): Match {
  const ignoresCase = ignoringCase.get(attributeIn(match, 'MatchId'));
  const wanted = elementIn(match, 'AttributeValue');
  const designator = elementIn(match, 'AttributeDesignator');
  if (ignoresCase === undefined || wanted === undefined || designator === undefined) return 'unknown';
  const category = categories.get(attributeIn(designator, 'Category'));
  const isOfStrings = [wanted, designator].every((one) => attributeIn(one, 'DataType') === stringType);
  const value = textOf(wanted);
  // An entity may stand for anything, and who issued an attribute is not told to us.
  if (category === undefined || !isOfStrings || value.includes('&') || attributeIn(designator, 'Issuer') !== '') {
    return 'unknown';
  }
  const isRequired = attributeIn(designator, 'MustBePresent') !== 'false';
  return { category, attributeId: attributeIn(designator, 'AttributeId'), value, ignoresCase, isRequired };
}

const levelCategory = 'urn:altinn:minimum-authenticationlevel';
/** The second is for organisations' own users. */
const levelCategories = [levelCategory, `${levelCategory}-org`];

/** What the first obligation assigns (authorization, section 13). */
function levelIn(assignments: readonly Element[]): number | undefined {
  const level = assignments.find((one) => attributeIn(one, 'Category') === levelCategory);
  const digits = textOf(elementIn(level ?? {}, 'AttributeValue') ?? {}).trim();
  return /^\d{1,4}$/.test(digits) ? Number(digits) : undefined;
}

/** Undefined also for an element that is there more often than once. */
function elementIn(of: Element, name: string): Element | undefined {
  return element.safeParse(of[name]).data;
}

function elementsIn(of: Element, name: string): Element[] {
  return z.array(element).safeParse(of[name]).data ?? [];
}

function hasOnly(of: Element, names: readonly string[]): boolean {
  const parts = Object.keys(of).filter((name) => !name.startsWith(attribute) && name !== text);
  return parts.every((name) => names.includes(name));
}

function attributeIn(of: Element, name: string): string {
  const value = of[`${attribute}${name}`];
  return typeof value === 'string' ? value : '';
}

function textOf(of: Element): string {
  const value = of[text];
  return typeof value === 'string' ? value : '';
}
