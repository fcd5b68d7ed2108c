import type { Holder } from '@dialog/contracts/policy-grant';
import { describe, expect, it } from 'vitest';
import { parsePolicy } from './policy.ts';
import { isEverPermitted, type Verdict, verdictOf } from './policy-grant.ts';
import { grantOf } from './policy-reduction.ts';
import {
  action,
  allOf,
  anyOf,
  condition,
  exactly,
  matchXml,
  obligationXml,
  oneOf,
  policyXml,
  resource,
  role,
  ruleXml,
} from './testing/policy-xml.ts';

const serviceResource = 'urn:altinn:resource:catch-report';
const read = { serviceResource, action: 'read', attribute: 'main' };
const catchReport = oneOf(resource('catch-report'));
const toRead = oneOf(action('read'));

const dagl = 'urn:altinn:rolecode:dagl';
const priv = 'urn:altinn:rolecode:priv';
const certainly = (...subjects: string[]): Holder => ({ subjects, certain: true });
const perhaps = (...subjects: string[]): Holder => ({ subjects, certain: false });

const grant = (xml: string, question = read) => grantOf(parsePolicy(xml), question);
/** Whom a policy of one rule with this target permits to read. */
const permits = (...target: string[]) => grant(policyXml([ruleXml(target)])).permits;

describe('whom a policy permits something', () => {
  it.each<[string, string[], Holder[]]>([
    ['a role', [oneOf(role('DAGL')), catchReport, toRead], [certainly(dagl)]],
    [
      'any of several',
      [
        oneOf(role('DAGL'), role('PRIV'), matchXml('subject', 'urn:altinn:accesspackage', 'fiske')),
        catchReport,
        toRead,
      ],
      [certainly(dagl), certainly(priv), certainly('urn:altinn:accesspackage:fiske')],
    ],
    ['who is two things at once', [anyOf(allOf(role('dagl'), role('priv'))), toRead], [certainly(dagl, priv)]],
    ['who is one of either pair', [oneOf(role('dagl')), oneOf(role('priv'), role('dagl'))], [certainly(dagl)]],
    ['everybody, without a subject', [catchReport, toRead], [certainly()]],
    ['everybody, without a target', [], [certainly()]],
    [
      'a person by number',
      [oneOf(matchXml('subject', 'urn:altinn:person:identifier-no', '01817030080', { matchId: exactly })), toRead],
      [certainly('urn:altinn:person:identifier-no:01817030080')],
    ],
    ['nobody for another action', [oneOf(role('dagl')), oneOf(action('write'))], []],
    ['nobody on another resource', [oneOf(role('dagl')), oneOf(resource('quota'))], []],
    ['nobody where the letter case counts', [oneOf(role('dagl')), oneOf(action('Read', { matchId: exactly }))], []],
    [
      'those of one of several actions',
      [oneOf(role('dagl')), oneOf(action('write'), action('READ'))],
      [certainly(dagl)],
    ],
    ['nobody on another part', [oneOf(role('dagl')), oneOf(matchXml('resource', 'urn:altinn:task', 'Task_1'))], []],
    [
      'those of a rule on the dialog itself',
      [oneOf(role('dagl')), oneOf(matchXml('resource', 'urn:altinn:subresource', 'main'))],
      [certainly(dagl)],
    ],
  ])('%s', (_, target, expected) => {
    const found = permits(...target);
    expect(found).toHaveLength(expected.length);
    expect(found).toEqual(expect.arrayContaining(expected));
  });

  it.each<[string, string[], Holder[]]>([
    ['a role in a letter case that counts', [oneOf(role('DAGL', { matchId: exactly })), toRead], [perhaps(dagl)]],
    [
      'a subject of a kind that lists do not have',
      [oneOf(matchXml('subject', 'urn:altinn:external-role:ccr', 'daglig-leder')), toRead],
      [perhaps()],
    ],
    [
      'a party',
      [oneOf(role('dagl')), oneOf(matchXml('resource', 'urn:altinn:organization:identifier-no', '313007103'))],
      [perhaps(dagl)],
    ],
    [
      'an instance',
      [oneOf(role('dagl')), oneOf(matchXml('resource', 'urn:altinn:resource:instance-id', 'x'))],
      [perhaps(dagl)],
    ],
    ['an environment', [oneOf(role('dagl')), oneOf(matchXml('environment', 'time', 'x'))], [perhaps(dagl)]],
    ['another attribute of an action', [oneOf(role('dagl')), oneOf(matchXml('action', 'a', 'x'))], [perhaps(dagl)]],
    ['another function', [oneOf(role('dagl')), oneOf(action('read', { matchId: 'regexp' }))], [perhaps(dagl)]],
    ['another data type', [oneOf(role('dagl')), oneOf(action('read', { dataType: 'anyURI' }))], [perhaps(dagl)]],
    ['an issuer', [oneOf(role('dagl', { issuer: 'somebody' })), toRead], [perhaps()]],
    ['an entity', [oneOf(role('d&#97;gl')), toRead], [perhaps()]],
    ['an attribute selector', [oneOf('<x:Match MatchId="m"><x:AttributeSelector/></x:Match>'), toRead], [perhaps()]],
    ['the subjects of XACML 2', ['<x:Subjects><x:Subject/></x:Subjects>'], [perhaps()]],
    ['something beside the matches', [anyOf(allOf(role('dagl'), '<x:Or/>'))], [perhaps()]],
    ['an empty list of alternatives', [oneOf(role('dagl')), '<x:AnyOf/>'], [perhaps(dagl)]],
    ['an empty list of matches', [oneOf(role('dagl')), anyOf('<x:AllOf/>')], [perhaps(dagl)]],
  ])('only perhaps, when a rule asks for %s', (_, target, expected) => {
    expect(permits(...target)).toEqual(expected);
  });

  it('only perhaps, when a rule has a condition or an obligation of its own', () => {
    const target = [oneOf(role('dagl')), toRead];
    for (const more of [condition, obligationXml('urn:altinn:minimum-authenticationlevel')]) {
      expect(grant(policyXml([ruleXml(target, { more })])).permits).toEqual([perhaps(dagl)]);
    }
  });

  it('for certain, when another rule does so without condition', () => {
    const target = [oneOf(role('dagl')), toRead];
    expect(grant(policyXml([ruleXml(target, { more: condition }), ruleXml(target)])).permits).toEqual([
      certainly(dagl),
    ]);
  });

  it.each([
    ['binds to more than a level', { more: obligationXml('urn:altinn:log-it') }],
    ['combines its rules in another way', { combining: 'urn:oasis:names:tc:xacml:3.0:rule-combining-algorithm:x' }],
    ['has an issuer', { more: '<x:PolicyIssuer/>' }],
    ['has a rule of another effect', { more: '<x:Rule RuleId="r" Effect="Maybe"/>' }],
  ])('everybody perhaps, when the policy %s', (_, policy) => {
    const xml = policyXml([ruleXml([oneOf(role('dagl')), toRead])], policy);
    expect(grant(xml)).toEqual({ permits: [perhaps()], denies: [] });
  });

  it('whom the target of the policy lets in as well', () => {
    const target = [catchReport, oneOf(role('dagl'))];
    const rules = [ruleXml([oneOf(role('priv'), role('dagl')), toRead])];
    expect(grant(policyXml(rules, { target })).permits).toEqual([certainly(dagl)]);
    expect(grant(policyXml(rules, { target: [oneOf(resource('quota'))] })).permits).toEqual([]);
  });

  it('everybody perhaps, when there are too many ways to be permitted', () => {
    const alternatives = (name: string) => oneOf(...Array.from({ length: 12 }, (_, at) => role(`${name}${at}`)));
    expect(permits(...['a', 'b', 'c', 'd'].map(alternatives))).toEqual([perhaps()]);
  });
});

describe('what a question is about', () => {
  const on = (attributeId: string, value: string) => [
    oneOf(role('dagl')),
    oneOf(matchXml('resource', attributeId, value)),
  ];

  it.each<[string, string, string, string[], Holder[]]>([
    [
      'a rule on the resource covers its parts',
      serviceResource,
      'part-a',
      [oneOf(role('dagl')), catchReport],
      [certainly(dagl)],
    ],
    ['a part', serviceResource, 'part-a', on('urn:altinn:subresource', 'part-a'), [certainly(dagl)]],
    [
      'a part of a kind of its own',
      serviceResource,
      'urn:altinn:form:f1',
      on('urn:altinn:form', 'f1'),
      [certainly(dagl)],
    ],
    ['not another part', serviceResource, 'part-a', on('urn:altinn:subresource', 'main'), []],
    ['a task', serviceResource, 'urn:altinn:task:Task_1', on('urn:altinn:task', 'Task_1'), [certainly(dagl)]],
    [
      'an app, by its org and its name',
      'urn:altinn:resource:app_ttd_big_form',
      'main',
      [
        oneOf(role('dagl')),
        anyOf(allOf(matchXml('resource', 'urn:altinn:org', 'ttd'), matchXml('resource', 'urn:altinn:app', 'big_form'))),
      ],
      [certainly(dagl)],
    ],
    [
      'another resource, which has no such part',
      serviceResource,
      'urn:altinn:resource:catch-report',
      on('urn:altinn:subresource', 'main'),
      [],
    ],
  ])('%s', (_, of, attribute, target, expected) => {
    const question = { serviceResource: of, action: 'read', attribute };
    expect(grant(policyXml([ruleXml([...target, toRead])]), question).permits).toEqual(expected);
  });
});

describe('whom a policy denies something', () => {
  const permitted = ruleXml([oneOf(role('dagl')), toRead]);
  const denied = (target: string[], more = '') => ruleXml(target, { effect: 'Deny', more });
  const overriding = (name: string) => ({ combining: `urn:oasis:names:tc:xacml:3.0:rule-combining-algorithm:${name}` });
  const has = (...codes: string[]) => new Set(codes.map((code) => `urn:altinn:rolecode:${code}`));

  it.each<[string, string[], ReadonlySet<string>, Verdict]>([
    ['whoever it is permitted to', [permitted], has('dagl'), 'permit'],
    ['nobody else', [permitted], has('priv'), 'refuse'],
    ['the one whom another rule denies it', [permitted, denied([oneOf(role('bobe'))])], has('dagl', 'bobe'), 'refuse'],
    ['not whom the denying rule is not about', [permitted, denied([oneOf(role('bobe'))])], has('dagl'), 'permit'],
    ['nobody, when everybody is denied', [permitted, denied([])], has('dagl'), 'refuse'],
    [
      'whom it may be denied: who knows',
      [permitted, denied([oneOf(role('bobe'))], condition)],
      has('dagl', 'bobe'),
      'ask',
    ],
    ['whom the condition is not about', [permitted, denied([oneOf(role('bobe'))], condition)], has('dagl'), 'permit'],
    ['nobody who is not permitted anyway', [permitted, denied([], condition)], has('priv'), 'refuse'],
    [
      'who knows, when the denying rule insists on an attribute',
      [permitted, denied([oneOf(role('bobe', { mustBePresent: true }))])],
      has('dagl'),
      'ask',
    ],
    ['not for another action', [permitted, denied([oneOf(action('sign'))])], has('dagl'), 'permit'],
  ])('is %s', (_, rules, subjects, verdict) => {
    expect(verdictOf(grant(policyXml(rules)), subjects)).toBe(verdict);
    expect(verdictOf(grant(policyXml(rules, overriding('ordered-deny-overrides'))), subjects)).toBe(verdict);
  });

  it('is nobody who is permitted, when permits override', () => {
    const xml = policyXml([permitted, denied([])], overriding('permit-overrides'));
    expect(verdictOf(grant(xml), has('dagl'))).toBe('permit');
    expect(verdictOf(grant(xml), has('priv'))).toBe('refuse');
  });
});

describe('what no end user is ever permitted', () => {
  const org = matchXml('subject', 'urn:altinn:org', 'ttd');
  it.each([
    ['what no rule is about', [ruleXml([oneOf(role('dagl')), oneOf(action('write'))])], false],
    ['what only the service owner may do', [ruleXml([oneOf(org), toRead])], false],
    ['what some end users may do', [ruleXml([oneOf(org, role('dagl')), toRead])], true],
    ['what some may do on a condition', [ruleXml([oneOf(role('dagl'))], { more: condition })], true],
  ])('%s', (_, rules, expected) => {
    expect(isEverPermitted(grant(policyXml(rules)))).toBe(expected);
  });
});
