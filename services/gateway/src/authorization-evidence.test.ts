import type { Grant } from '@dialog/access/grants';
import type { NamedSubject } from '@dialog/access/platform/subject-metadata';
import { expect, it } from 'vitest';
import { authorizationEvidence } from './authorization-evidence.ts';
import { exampleResource } from './testing/example-app.ts';

const dagl = 'urn:altinn:rolecode:dagl';
const fishing = 'urn:altinn:accesspackage:fiske';
const reference = 'urn:altinn:dialog-id:019c2a6e-5a10-7d2b-9d51-b9a6c0f0a111';
const links = (metadata: string) => ({ metadata });
const names = (nb: string, en: string) => new Map(Object.entries({ nb, en }));
const known = (urn: string, names: Map<string, string>): NamedSubject => ({ urn, names, metadata: `about ${urn}` });
const resource = { ...exampleResource, title: names('Byggesøknad', 'Building permit') };
const inBokmål = { authenticationLevel: 3, languages: ['nb'] };

const deps = {
  roles: { bySubject: async () => new Map([[dagl, known(dagl, names('Daglig leder', 'CEO'))]]) },
  accessPackages: { bySubject: async () => new Map([[fishing, known(fishing, names('Fiske', 'Fishing'))]]) },
  resources: { pageOf: (id: string) => `page of ${id}` },
};
const away = async () => {
  throw new Error('Nobody asked for these.');
};

it.each<[string, Grant, nb: string, metadata: string | undefined]>([
  ['a role', { grantType: 'Role', subject: dagl }, 'Daglig leder', `about ${dagl}`],
  ['a role that nobody knows', { grantType: 'Role', subject: fishing }, fishing, undefined],
  ['an access package', { grantType: 'AccessPackage', subject: fishing }, 'Fiske', `about ${fishing}`],
  ['a package that nobody knows', { grantType: 'AccessPackage', subject: dagl }, dagl, undefined],
  ['a service', { grantType: 'ResourceDelegation', subject: resource.urn }, 'Byggesøknad', 'page of building-permit'],
  ['an instance', { grantType: 'InstanceDelegation', subject: reference }, reference, undefined],
])('names %s', async (_, grant, nb, metadata) => {
  const { evidence, ...via } = await authorizationEvidence(
    deps,
    [grant],
    { id: 'building-permit', resource },
    inBokmål,
  );
  expect(evidence).toEqual([
    { ...grant, name: [{ languageCode: 'nb', value: nb }], links: metadata && links(metadata) },
  ]);
  expect(via).toEqual({
    ...{ currentAuthenticationLevel: 3, viaRole: false, viaAccessPackage: false },
    ...{ viaResourceDelegation: false, viaInstanceDelegation: false, [`via${grant.grantType}`]: true },
  });
});

it('calls a service that the registry has forgotten by its id', async () => {
  const grant: Grant = { grantType: 'ResourceDelegation', subject: 'urn:altinn:resource:old' };
  const unnamed = { ...deps, roles: { bySubject: away }, accessPackages: { bySubject: away } };
  const { evidence } = await authorizationEvidence(unnamed, [grant], { id: 'old', resource: undefined }, inBokmål);
  expect(evidence).toMatchObject([{ name: [{ languageCode: 'nb', value: 'old' }], links: links('page of old') }]);
});
