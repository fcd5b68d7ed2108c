/** XACML policies as text, for tests. */

const stringType = 'http://www.w3.org/2001/XMLSchema#string';
export const ignoreCase = 'urn:oasis:names:tc:xacml:3.0:function:string-equal-ignore-case';
export const exactly = 'urn:oasis:names:tc:xacml:1.0:function:string-equal';
const denyOverrides = 'urn:oasis:names:tc:xacml:3.0:rule-combining-algorithm:deny-overrides';

const categories = {
  subject: 'urn:oasis:names:tc:xacml:1.0:subject-category:access-subject',
  action: 'urn:oasis:names:tc:xacml:3.0:attribute-category:action',
  resource: 'urn:oasis:names:tc:xacml:3.0:attribute-category:resource',
  environment: 'urn:oasis:names:tc:xacml:3.0:attribute-category:environment',
};

type MatchOptions = { matchId?: string; mustBePresent?: boolean; dataType?: string; issuer?: string };

export function matchXml(
  category: keyof typeof categories,
  attributeId: string,
  value: string,
  { matchId = ignoreCase, mustBePresent = false, dataType = stringType, issuer }: MatchOptions = {},
): string {
  const of = issuer === undefined ? '' : ` Issuer="${issuer}"`;
  return `<x:Match MatchId="${matchId}">
    <x:AttributeValue DataType="${dataType}">${value}</x:AttributeValue>
    <x:AttributeDesignator AttributeId="${attributeId}" Category="${categories[category]}"
      DataType="${dataType}" MustBePresent="${mustBePresent}"${of}/>
  </x:Match>`;
}

export const role = (code: string, options?: MatchOptions) => matchXml('subject', 'urn:altinn:rolecode', code, options);
export const resource = (id: string, options?: MatchOptions) =>
  matchXml('resource', 'urn:altinn:resource', id, options);
export const action = (name: string, options?: MatchOptions) =>
  matchXml('action', 'urn:oasis:names:tc:xacml:1.0:action:action-id', name, options);

/** All of `matches`. */
export const allOf = (...matches: string[]) => `<x:AllOf>${matches.join('')}</x:AllOf>`;
/** One of these. */
export const anyOf = (...alternatives: string[]) => `<x:AnyOf>${alternatives.join('')}</x:AnyOf>`;
/** One of these, each a match of its own. */
export const oneOf = (...matches: string[]) => anyOf(...matches.map((match) => allOf(match)));

/** @param more what stands in the rule beside its target, as a condition */
export function ruleXml(target: readonly string[], { effect = 'Permit', more = '' } = {}): string {
  return `<x:Rule RuleId="r" Effect="${effect}"><x:Target>${target.join('')}</x:Target>${more}</x:Rule>`;
}

export const condition = '<x:Condition><x:Apply FunctionId="f"/></x:Condition>';

export function obligationXml(category: string, value = '3'): string {
  return `<x:ObligationExpressions><x:ObligationExpression ObligationId="o" FulfillOn="Permit">
    <x:AttributeAssignmentExpression AttributeId="a" Category="${category}">
      <x:AttributeValue DataType="http://www.w3.org/2001/XMLSchema#integer">${value}</x:AttributeValue>
    </x:AttributeAssignmentExpression>
  </x:ObligationExpression></x:ObligationExpressions>`;
}

export function policyXml(
  rules: readonly string[],
  { combining = denyOverrides, target = [], more = '' }: { combining?: string; target?: string[]; more?: string } = {},
): string {
  return `<?xml version="1.0" encoding="utf-8"?>
    <x:Policy xmlns:x="urn:oasis:names:tc:xacml:3.0:core:schema:wd-17" PolicyId="p" Version="1.0"
      RuleCombiningAlgId="${combining}">
      <x:Target>${target.join('')}</x:Target>${rules.join('')}${more}
    </x:Policy>`;
}
