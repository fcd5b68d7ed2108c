import type { Element } from './xml-element.ts';

/** An attribute of a request by its id; a request may have several values of one id. */
export type Attribute = { id: string; value: string };

/** What the decision point is asked: who wants to do what with what. All values are strings. */
export type AccessRequest = {
  subject: readonly Attribute[];
  resource: readonly Attribute[];
  action: string;
};

/**
 * The value of an expression; a list is a bag. Undefined when it cannot be told: the expression uses what is not
 * supported, or does not go together, or an attribute that must be present is missing.
 */
export type Value = string | boolean | readonly string[] | undefined;

const string = 'http://www.w3.org/2001/XMLSchema#string';
const boolean = 'http://www.w3.org/2001/XMLSchema#boolean';
const function1 = 'urn:oasis:names:tc:xacml:1.0:function:';
const function3 = 'urn:oasis:names:tc:xacml:3.0:function:';

/** Of XACML 3.0, section 7: expressions over strings. */
export function expressionValue(expression: Element, request: AccessRequest): Value {
  switch (expression.name) {
    case 'AttributeValue':
      return literal(expression);
    case 'AttributeDesignator':
      return designated(expression, request);
    case 'Apply':
      return applied(expression, request);
    default:
      return undefined;
  }
}

function literal({ attributes: { DataType }, text }: Element): Value {
  if (DataType === string) return text;
  if (DataType !== boolean) return undefined;
  return new Map([
    ['true', true],
    ['1', true],
    ['false', false],
    ['0', false],
  ]).get(text.trim());
}

/** All values of the attribute. A request has strings alone, and names no issuer. */
function designated({ attributes: named }: Element, request: AccessRequest): Value {
  const isString = named.DataType === string && named.Issuer === undefined;
  const values = attributesIn(request, named.Category ?? '')
    .filter(({ id }) => isString && id === named.AttributeId)
    .map(({ value }) => value);
  return values.length === 0 && named.MustBePresent === 'true' ? undefined : values;
}

function attributesIn({ subject, resource, action }: AccessRequest, category: string) {
  switch (category) {
    case 'urn:oasis:names:tc:xacml:1.0:subject-category:access-subject':
      return subject;
    case 'urn:oasis:names:tc:xacml:3.0:attribute-category:resource':
      return resource;
    case 'urn:oasis:names:tc:xacml:3.0:attribute-category:action':
      return [{ id: 'urn:oasis:names:tc:xacml:1.0:action:action-id', value: action }];
    default:
      return [];
  }
}

function applied({ attributes: { FunctionId = '' }, children }: Element, request: AccessRequest): Value {
  if (FunctionId === `${function1}and`) return firstOf(false, children, request);
  if (FunctionId === `${function1}or`) return firstOf(true, children, request);
  if (FunctionId === `${function3}any-of`) return anyOf(children, request);
  return call(
    FunctionId,
    children.map((child) => expressionValue(child, request)),
  );
}

/** Goes from left to right and stops where the answer is clear: what comes after that may be anything. */
function firstOf(clear: boolean, operands: readonly Element[], request: AccessRequest): Value {
  for (const operand of operands) {
    const value = expressionValue(operand, request);
    if (typeof value !== 'boolean') return undefined;
    if (value === clear) return clear;
  }
  return !clear;
}

/** Whether a function is true of at least one value of the bag that is among its arguments. */
function anyOf([named, ...rest]: readonly Element[], request: AccessRequest): Value {
  if (named?.name !== 'Function') return undefined;
  const values = rest.map((child) => expressionValue(child, request));
  const bags = values.filter((value) => isBag(value));
  const [bag] = bags;
  if (bag === undefined || bags.length > 1) return undefined;
  let answer: Value = false;
  for (const one of bag) {
    const value = call(
      named.attributes.FunctionId ?? '',
      values.map((other) => (other === bag ? one : other)),
    );
    if (value === true) return true;
    if (value !== false) answer = undefined;
  }
  return answer;
}

/** A function by its URN, of arguments whose values are known. */
export function call(functionId: string, args: readonly Value[]): Value {
  const [a, b] = args;
  switch (functionId) {
    case `${function1}string-equal`:
      return ofTwoStrings(args, (one, other) => one === other);
    case `${function3}string-equal-ignore-case`:
      return ofTwoStrings(args, (one, other) => one.toLowerCase() === other.toLowerCase());
    case `${function1}string-one-and-only`:
      return args.length === 1 && isBag(a) && a.length === 1 ? a[0] : undefined;
    case `${function1}string-bag`:
      return args.every((arg) => typeof arg === 'string') ? args : undefined;
    case `${function1}string-is-in`:
      return args.length === 2 && typeof a === 'string' && isBag(b) ? b.includes(a) : undefined;
    case `${function1}string-at-least-one-member-of`:
      return args.length === 2 && isBag(a) && isBag(b) ? a.some((one) => b.includes(one)) : undefined;
    case `${function1}not`:
      return args.length === 1 && typeof a === 'boolean' ? !a : undefined;
    default:
      return undefined;
  }
}

function ofTwoStrings([a, b, ...more]: readonly Value[], holds: (a: string, b: string) => boolean): Value {
  return typeof a === 'string' && typeof b === 'string' && more.length === 0 ? holds(a, b) : undefined;
}

export function isBag(value: Value): value is readonly string[] {
  return Array.isArray(value);
}
