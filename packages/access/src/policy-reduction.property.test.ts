import { evaluate } from '@dialog/altinn-emulator/policy-evaluation';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { policyResourceOf } from './details-authorization.ts';
import { parsePolicy } from './policy.ts';
import { verdictOf } from './policy-grant.ts';
import { grantOf } from './policy-reduction.ts';
import {
  action,
  allOf,
  anyOf,
  condition,
  exactly,
  ignoreCase,
  matchXml,
  policyXml,
  resource,
  role,
  ruleXml,
} from './testing/policy-xml.ts';

/** Few words, so that rules and requests meet. */
const codes = ['dagl', 'DAGL', 'PRIV', 'bobe'] as const;
const actions = ['read', 'write'] as const;
const party = 'urn:altinn:organization:identifier-no';
/** Mostly what real policies have. */
const options = fc.record({
  matchId: fc.oneof(
    { weight: 12, arbitrary: fc.constant(ignoreCase) },
    { weight: 4, arbitrary: fc.constant(exactly) },
    { weight: 1, arbitrary: fc.constant('unknown-function') },
  ),
  mustBePresent: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});
const match = options.chain((of) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...codes).map((code) => role(code, of)) },
    {
      weight: 2,
      arbitrary: fc.constantFrom('fiske', 'bygg').map((id) => matchXml('subject', 'urn:altinn:accesspackage', id, of)),
    },
    { weight: 3, arbitrary: fc.constantFrom('Read', ...actions).map((name) => action(name, of)) },
    { weight: 3, arbitrary: fc.constantFrom('catch-report', 'catch-report', 'quota').map((id) => resource(id, of)) },
    {
      weight: 2,
      arbitrary: fc.constantFrom('main', 'part-a').map((id) => matchXml('resource', 'urn:altinn:subresource', id, of)),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        matchXml('resource', party, '313007103', of),
        matchXml('subject', 'urn:altinn:userid', '1', of),
        matchXml('environment', 'time', 'now', of),
      ),
    },
  ),
);
const target = fc.array(
  fc
    .array(
      fc.array(match, { minLength: 1, maxLength: 2, size: 'small' }).map((matches) => allOf(...matches)),
      { minLength: 1, maxLength: 3 },
    )
    .map((alternatives) => anyOf(...alternatives)),
  { maxLength: 3 },
);
const rule = fc
  .record({
    target,
    effect: fc.constantFrom('Permit', 'Permit', 'Deny'),
    more: fc.constantFrom('', '', '', '', condition),
  })
  .map(({ target: of, ...rest }) => ruleXml(of, rest));
const combining = fc
  .constantFrom('deny-overrides', 'deny-overrides', 'ordered-deny-overrides', 'permit-overrides', 'first-applicable')
  .map((name) => `urn:oasis:names:tc:xacml:3.0:rule-combining-algorithm:${name}`);
const policyTarget = fc.oneof({ weight: 4, arbitrary: fc.constant<string[]>([]) }, { weight: 1, arbitrary: target });
const policy = fc
  .record({ rules: fc.array(rule, { minLength: 1, maxLength: 4 }), target: policyTarget, combining })
  .map(({ rules, ...rest }) => policyXml(rules, rest));

const requests = [
  [],
  ['dagl'],
  ['PRIV'],
  ['bobe'],
  ['dagl', 'PRIV'],
  ['dagl', 'bobe'],
  ['dagl', 'PRIV', 'bobe'],
].flatMap((roles) => [
  { roles, packages: ['fiske'], asked: 'read', attribute: 'main' },
  { roles, packages: [], asked: 'read', attribute: 'part-a' },
]);

it('a verdict is what an evaluation of the whole policy says, or none', () => {
  const verdicts = { permit: 0, refuse: 0, ask: 0 };
  fc.assert(
    fc.property(policy, (xml) => {
      const parsed = parsePolicy(xml);
      for (const { roles, packages, asked, attribute } of requests) {
        const question = { serviceResource: 'urn:altinn:resource:catch-report', action: asked, attribute };
        const subject = [
          { id: 'urn:altinn:userid', value: '1' },
          ...roles.map((value) => ({ id: 'urn:altinn:rolecode', value })),
          ...packages.map((value) => ({ id: 'urn:altinn:accesspackage', value })),
        ];
        const named = policyResourceOf(question).map(({ AttributeId: id, Value: value }) => ({ id, value }));
        const resources = [...named, { id: party, value: '313007103' }];
        const { decision } = evaluate(xml, { subject, resource: resources, action: asked });

        const held = new Set(subject.map(({ id, value }) => `${id}:${value}`.toLowerCase()));
        const verdict = verdictOf(grantOf(parsed, question), held);
        verdicts[verdict] += 1;
        if (verdict === 'permit') expect(decision).toBe('Permit');
        if (verdict === 'refuse') expect(decision).not.toBe('Permit');
      }
    }),
    { numRuns: 150 },
  );
  // Each is met often enough to say something.
  for (const count of Object.values(verdicts)) expect(count).toBeGreaterThan(100);
});
