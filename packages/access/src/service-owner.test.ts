import type { JWTPayload } from 'jose';
import { expect, it } from 'vitest';
import { identifyServiceOwner } from './service-owner.ts';
import { bearerToken } from './tokens.ts';

const consumer = { authority: 'iso6523-actorid-upis', ID: '0192:310001007' };
const claims = { scope: 'digdir:dialogporten.serviceprovider', consumer, 'urn:altinn:org': 'ttd' };

function identify(change: JWTPayload, orgCodes: Record<string, string> = {}) {
  return identifyServiceOwner({ orgCodeOf: async (orgNumber) => orgCodes[orgNumber] }, { ...claims, ...change });
}

it('tells org, number and ordinary rights from the claims', async () => {
  expect(await identify({})).toEqual({
    kind: 'service-owner',
    serviceOwner: {
      org: 'ttd',
      orgNumber: '310001007',
      scopes: new Set(['digdir:dialogporten.serviceprovider']),
      rights: { admin: false, correspondence: false, legacyHtml: false },
    },
  });
});

it.each([
  ['digdir:dialogporten.serviceprovider.admin', 'admin'],
  ['digdir:dialogporten.correspondence', 'correspondence'],
  ['digdir:dialogporten.serviceprovider.legacyhtml', 'legacyHtml'],
])('gives with scope %s the right %s, and no other', async (scope, right) => {
  const rights = { admin: false, correspondence: false, legacyHtml: false, [right]: true };
  expect(await identify({ scope: `${claims.scope} ${scope}` })).toMatchObject({ serviceOwner: { rights } });
  expect(await identify({ scope: [claims.scope, scope] })).toMatchObject({ serviceOwner: { rights } });
});

it.each([
  undefined,
  '',
  'digdir:dialogporten',
  'digdir:dialogporten.serviceprovider.admin',
  'DIGDIR:dialogporten.serviceprovider',
  'xdigdir:dialogporten.serviceprovider',
  7,
])('refuses scope %j', async (scope) => {
  expect(await identify({ scope })).toEqual({ kind: 'refused', reason: 'scope-missing' });
});

it('reads the consumer from an object or its JSON, the authority in any letter case', async () => {
  expect(await identify({ consumer: JSON.stringify(consumer) })).toMatchObject({ kind: 'service-owner' });
  const upperCase = { ...consumer, authority: 'ISO6523-ACTORID-UPIS' };
  expect(await identify({ consumer: upperCase })).toMatchObject({ kind: 'service-owner' });
});

it.each([
  undefined,
  null,
  'nonsense',
  '[]',
  { ID: '0192:310001007' },
  { ...consumer, authority: 'other' },
  { ...consumer, ID: '310001007' },
  { ...consumer, ID: '0193:310001007' },
  { ...consumer, ID: '0192:310001007:1' },
  { ...consumer, ID: '0192:310001008' },
  { ...consumer, ID: '0192:' },
])('refuses consumer %j', async (wrong) => {
  expect(await identify({ consumer: wrong })).toEqual({ kind: 'refused', reason: 'consumer-missing-or-invalid' });
});

it('asks the registry for the org only when the token does not say, and refuses whom nobody knows', async () => {
  const registry = { '310001007': 'registered' };
  expect(await identify({ 'urn:altinn:org': 'TTD' }, registry)).toMatchObject({ serviceOwner: { org: 'ttd' } });
  for (const absent of [undefined, '', ' ', 7]) {
    const found = await identify({ 'urn:altinn:org': absent }, registry);
    expect(found).toMatchObject({ serviceOwner: { org: 'registered' } });
  }
  expect(await identify({ 'urn:altinn:org': undefined })).toEqual({ kind: 'refused', reason: 'org-unknown' });
});

it.each([
  ['Bearer a.b.c', 'a.b.c'],
  ['bearer  x a.b.c ', 'a.b.c'],
  ['Basic abc', undefined],
  ['Bearer', undefined],
  ['Bearer ', undefined],
  ['a.b.c', undefined],
  [undefined, undefined],
])('finds in the header %j the token %j', (header, token) => {
  expect(bearerToken(header)).toBe(token);
});
