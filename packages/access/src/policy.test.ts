import { describe, expect, it } from 'vitest';
import { parsePolicy } from './policy.ts';

const category = 'urn:altinn:minimum-authenticationlevel';
const assignment = (value: string, of = category) =>
  `<x:AttributeAssignmentExpression AttributeId="a" Category="${of}">
     <x:AttributeValue DataType="http://www.w3.org/2001/XMLSchema#integer">${value}</x:AttributeValue>
   </x:AttributeAssignmentExpression>`;
const obligation = (...assignments: string[]) =>
  `<x:ObligationExpression ObligationId="o" FulfillOn="Permit">${assignments.join('')}</x:ObligationExpression>`;
const policy = (...obligations: string[]) =>
  `<?xml version="1.0" encoding="utf-8"?>
   <x:Policy xmlns:x="urn:oasis:names:tc:xacml:3.0:core:schema:wd-17" PolicyId="p" Version="1.0">
     <x:Target/><x:Rule RuleId="r" Effect="Permit"><x:Target/></x:Rule>
     <x:ObligationExpressions>${obligations.join('')}</x:ObligationExpressions>
   </x:Policy>`;

describe('the minimum authentication level of a policy', () => {
  it.each([
    ['what the first obligation assigns', policy(obligation(assignment('4'))), 4],
    [
      'the first assignment of its category',
      policy(obligation(assignment('1', 'other'), assignment('3'), assignment('4'))),
      3,
    ],
    ['read whatever blanks stand around it', policy(obligation(assignment(' 2\n'))), 2],
    [
      'none, if the first obligation is about something else',
      policy(obligation(assignment('1', 'other')), obligation(assignment('4'))),
      undefined,
    ],
    ['none, if it is no whole number', policy(obligation(assignment('4.5'))), undefined],
    ['none, if it is empty', policy(obligation(assignment(''))), undefined],
    ['none, if it is an entity', policy(obligation(assignment('&#52;'))), undefined],
    ['none, if the obligation assigns nothing', policy(obligation()), undefined],
    ['none, without obligations', policy(), undefined],
    [
      'none, without anything',
      '<Policy xmlns="urn:oasis:names:tc:xacml:3.0:core:schema:wd-17"><Target/></Policy>',
      undefined,
    ],
  ])('is %s', (_, xml, level) => {
    expect(parsePolicy(xml).minimumLevel).toBe(level);
  });

  it('is found whatever the prefix of the namespace', () => {
    expect(parsePolicy(policy(obligation(assignment('4'))).replaceAll('x:', 'xacml:')).minimumLevel).toBe(4);
    expect(parsePolicy(policy(obligation(assignment('4'))).replaceAll('x:', '')).minimumLevel).toBe(4);
  });

  it.each([
    ['cut off', policy(obligation(assignment('4'))).slice(0, -10)],
    ['something else', '<html><body>Not found</body></html>'],
    ['no XML', '{"level": 4}'],
    ['empty', ''],
  ])('cannot be read from what is %s', (_, text) => {
    expect(() => parsePolicy(text).minimumLevel).toThrow();
  });
});
