import { expect, it } from 'vitest';
import { parseParty } from './party.ts';

it.each([
  ['urn:altinn:person:identifier-no:01817030080', 'urn:altinn:person:identifier-no:01817030080'],
  ['URN:ALTINN:ORGANIZATION:IDENTIFIER-NO:314700554', 'urn:altinn:organization:identifier-no:314700554'],
  ['urn:altinn:person:legacy-selfidentified:Kari Nordmann', 'urn:altinn:person:legacy-selfidentified:kari nordmann'],
  ['urn:altinn:person:idporten-email:Kari@Example.com', 'urn:altinn:person:idporten-email:kari@example.com'],
])('reads %s', (text, id) => {
  expect(parseParty(text)).toBe(id);
});

it.each([
  'urn:altinn:person:identifier-no:01817030081',
  'urn:altinn:person:identifier-no:',
  'urn:altinn:organization:identifier-no:314700555',
  'urn:altinn:organization:identifier-no:01817030080',
  'urn:altinn:person:legacy-selfidentified: ',
  'urn:altinn:person:idporten-email:kari@example',
  'urn:altinn:person:idporten-email:kari@@example.com',
  'urn:altinn:person:idporten-email:kari n@example.com',
  'urn:altinn:systemuser:uuid:5b0c2c1e-6f7d-4f39-9a3e-1b2f0c7d8e90',
  '5b0c2c1e-6f7d-4f39-9a3e-1b2f0c7d8e90',
  '314700554',
  ' urn:altinn:organization:identifier-no:314700554',
  `urn:altinn:person:legacy-selfidentified:${'a'.repeat(216)}`,
  '',
])('refuses %j', (text) => {
  expect(parseParty(text)).toBeUndefined();
});
