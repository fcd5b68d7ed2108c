import type { PolicyGrant } from '@dialog/contracts/policy-grant';
import { describe, expect, it } from 'vitest';
import { authorizationState } from './authorization-state.ts';
import { pairsOf, policyQuestionsOf } from './details-authorization.ts';

const permit = 'urn:altinn:resource:ttd-building-permit';
const report = 'urn:altinn:resource:ttd-catch-report';
const parts = {
  apiActions: [{ action: 'wirte', authorizationAttribute: null }],
  guiActions: [{ action: 'sign', authorizationAttribute: 'urn:altinn:task:control' }],
  transmissions: [{ authorizationAttribute: report }, { authorizationAttribute: 'part-a' }],
};

const permits = (...subjects: string[]): PolicyGrant => ({ permits: [{ subjects, certain: true }], denies: [] });
const nobody: PolicyGrant = { permits: [], denies: [] };
const somebody = permits('urn:altinn:rolecode:dagl');

/** The state of a dialog with these parts, if policies answer by action, or by action and attribute. */
function state(grants: Record<string, PolicyGrant>, faults: Record<string, string> = {}) {
  const asked = policyQuestionsOf(permit, pairsOf(parts)).map(({ pair, question }) => ({
    ...{ pair, question, grant: grants[`${pair.action} ${pair.attribute}`] ?? grants[pair.action] },
  }));
  return authorizationState(asked, new Map(Object.entries(faults)));
}

const known = { read: somebody, wirte: somebody, sign: somebody, transmissionread: somebody };

describe('what the policies make of a dialog', () => {
  it.each<[string, Record<string, PolicyGrant>, Record<string, string>, string]>([
    ['is known when all of it is', known, {}, 'Enriched'],
    ['is known, also what nobody may do', { ...known, sign: nobody }, {}, 'Enriched'],
    ['is pending while a part is not answered', { read: somebody, wirte: somebody }, {}, 'Pending'],
    ['cannot be known without the policy', {}, { [permit]: 'The resource has no policy.' }, 'PolicyUnavailable'],
    [
      'cannot be known without the policy that decides on a part',
      { wirte: somebody, 'read main': somebody, sign: somebody, transmissionread: somebody },
      { [report]: 'Not well-formed' },
      'PolicyUnavailable',
    ],
    [
      'is pending where the fault is in a policy that has answered',
      { read: somebody },
      { [report]: 'Gone' },
      'Pending',
    ],
    ['is known, also when a policy has just become faulty', known, { [permit]: 'Gone' }, 'Enriched'],
  ])('%s', (_, grants, faults, status) => {
    expect(state(grants, faults)).toMatchObject({
      status,
      policyFaults: Object.entries(faults).map(([serviceResource, fault]) => ({ serviceResource, fault })),
    });
  });

  it('names what is never permitted to an end user: actions, and reading of the dialog and of its transmissions', () => {
    expect(state(known).neverPermitted).toEqual([]);
    expect(state({}).neverPermitted).toEqual([]);
    const owner = permits('urn:altinn:org:ttd');
    const { neverPermitted } = state({
      ...known,
      'read main': owner,
      [`read ${report}`]: nobody,
      wirte: nobody,
      transmissionread: nobody,
    });
    expect(JSON.parse(JSON.stringify(neverPermitted))).toEqual([
      { action: 'read' },
      { action: 'read', authorizationAttribute: report },
      { action: 'transmissionread', authorizationAttribute: 'part-a' },
      { action: 'wirte' },
    ]);
  });
});
