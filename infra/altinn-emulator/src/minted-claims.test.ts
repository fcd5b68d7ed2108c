import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixturesIn } from './fixtures.ts';
import { mintedClaims, NoSuchToken, subjectQuery } from './minted-claims.ts';

const fixtures = fixturesIn(join(import.meta.dirname, '../data'));

async function minted(query: string) {
  return mintedClaims(fixtures, subjectQuery.parse(Object.fromEntries(new URLSearchParams(query))));
}

const scope = 'digdir:dialogporten';
const systemUserId = '5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c';
const consumer = (orgNumber: string) => ({ authority: 'iso6523-actorid-upis', ID: `0192:${orgNumber}` });
const detail = {
  type: 'urn:altinn:systemuser',
  systemuser_id: [systemUserId],
  systemuser_org: consumer('313007103'),
  system_id: '313007308_regnskap',
};

describe('a minted token', () => {
  it.each([
    ['', 'altinn', { 'urn:altinn:org': 'ttd', consumer: consumer('310001007') }],
    ['org=skd&issuer=maskinporten', 'maskinporten', { consumer: consumer('310005002') }],
    ['pid=01817030080', 'idporten', { scope, pid: '01817030080', acr: 'idporten-loa-high' }],
    ['pid=01817030080&level=3', 'idporten', { acr: 'idporten-loa-substantial' }],
    ['pid=01817030080&level=0&scope=openid', 'idporten', { acr: 'idporten-loa-low', scope: 'openid' }],
    [
      'pid=01817030080&level=3&issuer=altinn',
      'altinn',
      {
        ...{ scope, pid: '01817030080', 'urn:altinn:authlevel': 3, 'urn:altinn:userid': 20012345 },
        ...{ 'urn:altinn:partyid': expect.any(Number), 'urn:altinn:party:uuid': expect.any(String) },
      },
    ],
    [
      'email=Kari@example.com',
      'idporten',
      { scope, email: 'Kari@example.com', acr: 'selfregistered-email', amr: ['Selfregistered-email'] },
    ],
    [
      'email=kari@example.com&issuer=altinn',
      'altinn',
      { email: 'kari@example.com', 'urn:altinn:authlevel': 0, 'urn:altinn:userid': 20012348 },
    ],
    [
      `systemuser=${systemUserId}`,
      'maskinporten',
      { scope, consumer: consumer('313007308'), authorization_details: [detail] },
    ],
    [
      `systemuser=${systemUserId}&details=object&supplier=310002003`,
      'maskinporten',
      { supplier: consumer('310002003'), authorization_details: detail },
    ],
    [
      `systemuser=${systemUserId}&issuer=altinn`,
      'altinn',
      { 'urn:altinn:authlevel': 3, authorization_details: detail },
    ],
  ])('for %j comes from %s with what it has to say', async (query, issuer, claims) => {
    expect(await minted(query)).toMatchObject({ issuer, claims });
  });

  it('of a person has no account when it comes from ID-porten itself', async () => {
    const { claims } = await minted('pid=01817030080');
    expect(Object.keys(claims).filter((name) => name.startsWith('urn:altinn:'))).toEqual([]);
  });
});

it.each([
  ['org=fisk', 404, 'ttd'],
  ['pid=24857430073&issuer=altinn', 404, 'identifier-no:01817030080'],
  [`systemuser=${systemUserId.replace('5', '6')}`, 404, systemUserId],
  ['pid=01817030080&issuer=maskinporten', 400, 'idporten'],
  ['org=ttd&issuer=idporten', 400, 'altinn'],
  ['org=ttd&pid=01817030080', 400, 'exclude'],
])('%s is answered with %i and what there is', async (query, status, message) => {
  const err: unknown = await minted(query).catch((reason: unknown) => reason);
  expect(err).toBeInstanceOf(NoSuchToken);
  expect(err).toMatchObject({ status, message: expect.stringContaining(message) });
});
