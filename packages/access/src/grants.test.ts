import { expect, it } from 'vitest';
import { grantsOf } from './grants.ts';
import type { AuthorisedParty } from './platform/authorised-parties.ts';

const fish = 'urn:altinn:organization:identifier-no:313007103';
const north = 'urn:altinn:organization:identifier-no:313007200';
const report = 'urn:altinn:resource:ttd-catch-report';
const dagl = 'urn:altinn:rolecode:dagl';
const admai = 'urn:altinn:rolecode:admai';
const fishing = 'urn:altinn:accesspackage:fiske';
const instanceRef = 'urn:altinn:instance-id:50081234/3b6e2f6a-9f0d-4a52-8f6e-1c2d3e4f5a6b';
const dialogRef = 'urn:altinn:dialog-id:019c2a6e-5a10-7d2b-9d51-b9a6c0f0a111';
const dialog = { party: fish, serviceResource: report, instanceRef };
const subjects = new Set([dagl, fishing]);

function at(party: string, more: Partial<AuthorisedParty> = {}): AuthorisedParty {
  return { party, name: 'Any', subjects: [], resources: [], instances: [], ...more };
}

it.each<[string, AuthorisedParty[], [string, string][]]>([
  ['of nobody', [], []],
  ['of a role that gives nothing on the service', [at(fish, { subjects: [admai] })], []],
  ['of a role', [at(fish, { subjects: [admai, dagl] })], [['Role', dagl]]],
  ['of an access package', [at(fish, { subjects: [fishing] })], [['AccessPackage', fishing]]],
  ['of a delegated service', [at(fish, { resources: [report] })], [['ResourceDelegation', report]]],
  ['of another service', [at(fish, { resources: ['urn:altinn:resource:other'] })], []],
  [
    'of a delegated instance',
    [at(fish, { instances: [{ resource: report, reference: instanceRef }] })],
    [['InstanceDelegation', instanceRef]],
  ],
  ['of an instance by another reference', [at(fish, { instances: [{ resource: report, reference: dialogRef }] })], []],
  [
    'at another party',
    [at(north, { subjects: [dagl], resources: [report], instances: [{ resource: report, reference: instanceRef }] })],
    [],
  ],
  [
    'of all kinds, in two places of the hierarchy, each once',
    [
      at(fish, { instances: [{ resource: report, reference: instanceRef }], subjects: [fishing, dagl] }),
      at(fish, { resources: [report, report], subjects: [dagl] }),
    ],
    [
      ['Role', dagl],
      ['AccessPackage', fishing],
      ['ResourceDelegation', report],
      ['InstanceDelegation', instanceRef],
    ],
  ],
])('the grants %s', (_, authorised, expected) => {
  expect(grantsOf(authorised, subjects, dialog).map(({ grantType, subject }) => [grantType, subject])).toEqual(
    expected,
  );
});
