import { describe, expect, it } from 'vitest';
import {
  type AuthorisableDialog,
  decisionRequest,
  type Pair,
  pairsOf,
  permissionsOf,
  policyQuestionOf,
} from './details-authorization.ts';

const dialog: AuthorisableDialog = {
  id: '019c2a6e-5a10-7d2b-9d51-b9a6c0f0a111',
  party: 'urn:altinn:organization:identifier-no:313500128',
  serviceResource: 'urn:altinn:resource:fangstrapport',
  serviceOwnerLabels: [],
};
const parts = {
  apiActions: [{ action: 'write', authorizationAttribute: null }],
  guiActions: [
    { action: 'write', authorizationAttribute: null },
    { action: 'sign', authorizationAttribute: 'urn:altinn:task:kontroll' },
  ],
  transmissions: [
    { authorizationAttribute: 'del-b' },
    { authorizationAttribute: 'urn:altinn:resource:kvotebrev' },
    { authorizationAttribute: null },
    { authorizationAttribute: 'del-b' },
  ],
};
const caller = 'urn:altinn:userid:20012345';
const kari = 'urn:altinn:person:identifier-no:01817030080';

describe('the questions that a dialog raises', () => {
  it('are one for each action and each guarded transmission, and may the dialog be read, in order', () => {
    expect(pairsOf(parts).map(({ action, attribute }) => `${action}, ${attribute}`)).toEqual([
      'read, main',
      'read, urn:altinn:resource:kvotebrev',
      'sign, urn:altinn:task:kontroll',
      'transmissionread, del-b',
      'write, main',
    ]);
  });

  it('are put in one request, each resource and action in it once', () => {
    const action = (Id: string, Value: string) => ({
      Id,
      Attribute: [{ AttributeId: 'urn:oasis:names:tc:xacml:1.0:action:action-id', Value }],
    });
    const party = { AttributeId: 'urn:altinn:organization:identifier-no', Value: '313500128' };
    const own = [
      { AttributeId: 'urn:altinn:resource', Value: 'fangstrapport' },
      party,
      { AttributeId: 'urn:altinn:resource:instance-id', Value: `urn:altinn:dialog-id:${dialog.id}` },
    ];
    expect(decisionRequest(caller, dialog, pairsOf(parts))).toEqual({
      Request: {
        AccessSubject: [{ Id: 's1', Attribute: [{ AttributeId: 'urn:altinn:userid', Value: '20012345' }] }],
        Action: [action('a1', 'read'), action('a2', 'sign'), action('a3', 'transmissionread'), action('a4', 'write')],
        Resource: [
          { Id: 'r1', Attribute: [...own, { AttributeId: 'urn:altinn:subresource', Value: 'main' }] },
          { Id: 'r2', Attribute: [party, { AttributeId: 'urn:altinn:resource', Value: 'kvotebrev' }] },
          { Id: 'r3', Attribute: [...own, { AttributeId: 'urn:altinn:task', Value: 'kontroll' }] },
          { Id: 'r4', Attribute: [...own, { AttributeId: 'urn:altinn:subresource', Value: 'del-b' }] },
        ],
        MultiRequests: {
          RequestReference: [
            { ReferenceId: ['s1', 'r1', 'a1'] },
            { ReferenceId: ['s1', 'r2', 'a1'] },
            { ReferenceId: ['s1', 'r3', 'a2'] },
            { ReferenceId: ['s1', 'r4', 'a3'] },
            { ReferenceId: ['s1', 'r1', 'a4'] },
          ],
        },
      },
    });
  });
});

describe('the resource of a question', () => {
  const partyAttribute = 'urn:altinn:organization:identifier-no=313500128';
  const uuid = '3b6e2f6a-9f0d-4a52-8f6e-1c2d3e4f5a6b';

  function asked(attribute: string, changed: Partial<AuthorisableDialog> = {}): string[] {
    const [resource] = decisionRequest(kari, { ...dialog, ...changed }, [{ action: 'read', attribute }]).Request
      .Resource;
    return (resource?.Attribute ?? []).map(({ AttributeId, Value }) => `${AttributeId}=${Value}`);
  }
  function instance(...serviceOwnerLabels: string[]): string | undefined {
    return asked('main', { serviceOwnerLabels })[2]?.replace('urn:altinn:resource:instance-id=', '');
  }

  it.each([
    ['part-a', 'urn:altinn:subresource=part-a'],
    ['urn:altinn:subresource:part-a', 'urn:altinn:subresource=part-a'],
    ['urn:altinn:task:Task_1', 'urn:altinn:task=Task_1'],
  ])('%s is a part of the dialog’s', (attribute, expected) => {
    const [own, party, instanceOfDialog, named, ...rest] = asked(attribute);
    expect([own, party]).toEqual(['urn:altinn:resource=fangstrapport', partyAttribute]);
    expect(instanceOfDialog).toBe(`urn:altinn:resource:instance-id=urn:altinn:dialog-id:${dialog.id}`);
    expect([named, rest]).toEqual([expected, []]);
  });

  it.each([
    ['urn:altinn:resource:other', ['urn:altinn:resource=other']],
    ['urn:altinn:app:form', ['urn:altinn:app=form']],
    ['urn:altinn:org:skd', ['urn:altinn:org=skd']],
    ['urn:altinn:resource:app_skd_mva_2', ['urn:altinn:app=mva_2', 'urn:altinn:org=skd']],
    ['app_skd_form', ['urn:altinn:app=form', 'urn:altinn:org=skd']],
    ['urn:altinn:resource:app_skd', ['urn:altinn:app=app_skd']],
  ])('%s takes the place of the dialog’s', (attribute, expected) => {
    expect(asked(attribute)).toEqual([partyAttribute, ...expected]);
  });

  it('is an app of an org where the service is one', () => {
    expect(asked('main', { serviceResource: 'urn:altinn:resource:app_skd_mva_2' }).slice(0, 3)).toEqual([
      'urn:altinn:app=mva_2',
      'urn:altinn:org=skd',
      partyAttribute,
    ]);
  });

  it.each([
    ['a person', kari, 'urn:altinn:person:identifier-no=01817030080'],
    ['an e-mail user', 'urn:altinn:person:idporten-email:a@b.example', 'urn:altinn:person:idporten-email=a@b.example'],
  ])('has the party’s URN in two, also of %s', (_, party, expected) => {
    expect(asked('main', { party })[1]).toBe(expected);
  });

  it('is the instance that a label names: of an app, else of a correspondence, else the dialog', () => {
    const storage = (partyId: string) => `urn:altinn:integration:storage:${partyId}/${uuid}`;
    const letter = `urn:altinn:correspondence-id:${uuid}`;
    expect(instance('other', letter)).toBe(letter);
    expect(instance(letter, ` ${storage('50081234').toUpperCase()} `)).toBe(`urn:altinn:instance-id:50081234/${uuid}`);
    expect(instance(`urn:altinn:instance-id:1/${uuid}`)).toBe(`urn:altinn:instance-id:1/${uuid}`);
    expect(instance(storage('9'), storage('10'), `${storage('99')}x`)).toBe(`urn:altinn:instance-id:9/${uuid}`);
    expect(instance(storage('0'), 'urn:altinn:correspondence-id:x')).toBe(`urn:altinn:dialog-id:${dialog.id}`);
  });
});

describe('what the decisions permit', () => {
  const pairs = pairsOf(parts);
  const permit = (...permitted: string[]) =>
    permissionsOf(
      pairs,
      pairs.map(({ action, attribute }) =>
        permitted.includes(`${action}, ${attribute}`) ? 'Permit' : 'NotApplicable',
      ),
    );
  const [sign, write] = [parts.guiActions[1], parts.apiActions[0]].map((action) => action ?? expect.fail());
  const on = (authorizationAttribute: string | null) => ({ authorizationAttribute });

  it('is nothing without anything on the dialog itself', () => {
    const { any, act, readTransmission } = permit('sign, urn:altinn:task:kontroll', 'transmissionread, del-b');
    expect(any).toBe(false);
    expect(sign && act(sign)).toBe(true);
    expect([readTransmission(on('del-b')), readTransmission(on(null))]).toEqual([true, false]);
  });

  it('is access by any action on the dialog, and its content to those who may read', () => {
    expect(permit('write, main')).toMatchObject({ any: true, mainContent: false });
    expect(permit('read, main')).toMatchObject({ any: true, mainContent: true });
    expect(write && permit('read, main').act(write)).toBe(false);
    expect(write && permit('write, main').act(write)).toBe(true);
  });

  it('is an action by its name alone where it has no attribute', () => {
    const pairsWithPart: Pair[] = [
      { action: 'read', attribute: 'main' },
      { action: 'write', attribute: 'part-a' },
    ];
    const { act } = permissionsOf(pairsWithPart, ['Permit', 'Permit']);
    expect(act({ action: 'write', authorizationAttribute: null })).toBe(true);
    expect(act({ action: 'write', authorizationAttribute: 'urn:altinn:subresource:part-a' })).toBe(false);
    expect(
      permissionsOf(pairsWithPart, ['Deny', 'Permit']).act({ action: 'write', authorizationAttribute: null }),
    ).toBe(false);
  });

  it('is a guarded transmission by an action of its own, or by reading the resource that it names', () => {
    const { readTransmission } = permit('read, main', 'read, urn:altinn:resource:kvotebrev');
    expect([readTransmission(on('urn:altinn:resource:kvotebrev')), readTransmission(on('del-b'))]).toEqual([
      true,
      false,
    ]);
    expect(permit('transmissionread, del-b').readTransmission(on('del-b'))).toBe(true);
    expect(readTransmission(on(null))).toBe(true);
  });

  it('goes by position: what is missing is not permitted, what is too much says nothing, nor does another word', () => {
    const all = pairs.map(() => 'Permit');
    expect(write && permissionsOf(pairs, all.slice(1)).act(write)).toBe(false);
    expect(permissionsOf(pairs, [...all, 'Deny']).any).toBe(true);
    for (const decision of ['Deny', 'NotApplicable', 'Indeterminate', 'permit']) {
      expect(
        permissionsOf(
          pairs,
          pairs.map(() => decision),
        ).any,
      ).toBe(false);
    }
  });
});

describe('the policy that decides', () => {
  it.each<[string, string, string, string | undefined]>([
    ["the dialog's", 'urn:altinn:resource:Fangstrapport', 'main', 'urn:altinn:resource:fangstrapport'],
    ["the dialog's, on a part", 'urn:altinn:resource:fangstrapport', 'del-b', 'urn:altinn:resource:fangstrapport'],
    [
      "the dialog's, on a task",
      'urn:altinn:resource:app_skd_mva',
      'urn:altinn:task:a',
      'urn:altinn:resource:app_skd_mva',
    ],
    [
      'of the resource named',
      'urn:altinn:resource:x',
      'urn:altinn:resource:Kvotebrev',
      'urn:altinn:resource:kvotebrev',
    ],
    ['of the app named', 'urn:altinn:resource:x', 'urn:altinn:app:app_SKD_mva_2', 'urn:altinn:resource:app_skd_mva_2'],
    ['unknown, of an app without org', 'urn:altinn:resource:x', 'urn:altinn:app:mva', undefined],
    ['unknown, of an org', 'urn:altinn:resource:x', 'urn:altinn:org:skd', undefined],
  ])('is %s', (_, serviceResource, attribute, deciding) => {
    const question = deciding && { serviceResource: deciding, action: 'read', attribute };
    expect(policyQuestionOf(serviceResource, { action: 'read', attribute })).toEqual(question);
  });
});
