import type { JWTPayload } from 'jose';
import { describe, expect, it } from 'vitest';
import { authenticationLevelOf, identifyEndUser, identifyUser, type UserType } from './end-user.ts';

const organization = 'urn:altinn:organization:identifier-no:';
const organisationClaim = (orgNumber: string) => ({ authority: 'iso6523-actorid-upis', ID: `0192:${orgNumber}` });
const consumer = organisationClaim('313007308');
const detail = {
  type: 'urn:altinn:systemuser',
  systemuser_id: ['5B7A3C0E-52a4-4c0f-9a55-0c6f0f1e2d3c'],
  systemuser_org: organisationClaim('313007103'),
  system_id: '313007308_regnskap',
};
const otherDetail = { type: 'urn:other', systemuser_id: ['0d9f6d5e-8a44-4f0b-b1b2-7f5c6e4d3a21'] };

const pid = '01817030080';
const person = `urn:altinn:person:identifier-no:${pid}`;
const systemUser = 'urn:altinn:systemuser:uuid:5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c';
const emailUser = 'urn:altinn:person:idporten-email:kari@example.com';
const serviceProvider = 'digdir:dialogporten.serviceprovider';
const byEmail = { email: 'Kari@Example.com', amr: ['Selfregistered-email'] };

describe('the type of user', () => {
  it.each<[string, JWTPayload, UserType, string | undefined]>([
    ['a pid', { pid }, 'Person', person],
    ['a pid beside everything else', { pid, ...byEmail, authorization_details: [detail], consumer }, 'Person', person],
    ['a pid and the scope of service owners', { pid, scope: serviceProvider }, 'ServiceOwnerOnBehalfOfPerson', person],
    ['a pid with a wrong control digit', { pid: '01817030081' }, 'Unknown', undefined],
    ['a pid that is no text', { pid: 1_817_030_080 }, 'Unknown', undefined],
    ['a wrong pid beside an e-mail address', { pid: '1', ...byEmail }, 'IdportenEmailIdentifiedUser', emailUser],
    ['a list of details', { authorization_details: [detail] }, 'SystemUser', systemUser],
    ['details that are one object', { authorization_details: detail }, 'SystemUser', systemUser],
    ['details as JSON', { authorization_details: JSON.stringify([detail]) }, 'SystemUser', systemUser],
    ['details of another type before', { authorization_details: [otherDetail, detail] }, 'SystemUser', systemUser],
    ['details of other types only', { authorization_details: [otherDetail, 7, null] }, 'Unknown', undefined],
    ['details without an id', { authorization_details: [{ ...detail, systemuser_id: [] }] }, 'Unknown', undefined],
    ['details with another id', { authorization_details: [{ ...detail, systemuser_id: ['x'] }] }, 'Unknown', undefined],
    [
      'details of which only the second has an id',
      { authorization_details: [{ ...detail, systemuser_id: undefined }, detail] },
      'Unknown',
      undefined,
    ],
    [
      'several ids, of which the first counts',
      { authorization_details: { ...detail, systemuser_id: [...detail.systemuser_id, 'x'] } },
      'SystemUser',
      systemUser,
    ],
    [
      'a system user with the scope of service owners',
      { authorization_details: [detail], consumer, scope: serviceProvider },
      'SystemUser',
      systemUser,
    ],
    [
      'an organisation with the scope',
      { consumer, scope: serviceProvider },
      'ServiceOwner',
      `${organization}313007308`,
    ],
    ['an organisation alone', { consumer }, 'Unknown', undefined],
    ['the scope alone', { scope: serviceProvider }, 'Unknown', undefined],
    ['an e-mail address', byEmail, 'IdportenEmailIdentifiedUser', emailUser],
    ['amr as text', { ...byEmail, amr: 'Selfregistered-email' }, 'IdportenEmailIdentifiedUser', emailUser],
    ['amr in another case', { ...byEmail, amr: ['selfregistered-email'] }, 'Unknown', undefined],
    ['amr with more', { ...byEmail, amr: ['Selfregistered-email', 'BankID'] }, 'Unknown', undefined],
    ['no amr', { email: 'kari@example.com' }, 'Unknown', undefined],
    ['an address that is none', { ...byEmail, email: 'kari' }, 'Unknown', undefined],
    ['a Feide subject', { orgsub: 'a'.repeat(64) }, 'Unknown', undefined],
    ['nothing', {}, 'Unknown', undefined],
  ])('with %s', (_, claims, type, id) => {
    expect(identifyUser(claims)).toEqual(id === undefined ? { type } : { type, id });
  });
});

describe('the authentication level', () => {
  it.each<[JWTPayload, number | undefined]>([
    [{ acr: 'idporten-loa-low' }, 0],
    [{ acr: 'idporten-loa-substantial' }, 3],
    [{ acr: 'idporten-loa-high' }, 4],
    [{ acr: 'selfregistered-email' }, 0],
    [{ acr: 'Level4' }, undefined],
    [{ acr: 'IDPORTEN-LOA-HIGH' }, undefined],
    [{ acr: '' }, undefined],
    [{ acr: 4 }, undefined],
    [{ 'urn:altinn:authlevel': 4 }, 4],
    [{ 'urn:altinn:authlevel': '2' }, 2],
    [{ 'urn:altinn:authlevel': 0, acr: 'idporten-loa-high' }, 0],
    [{ 'urn:altinn:authlevel': 3, acr: 'unheard-of' }, 3],
    [{ 'urn:altinn:authlevel': -1, acr: 'idporten-loa-high' }, 4],
    [{ 'urn:altinn:authlevel': 3.5 }, undefined],
    [{ 'urn:altinn:authlevel': ' 3' }, undefined],
    [{ 'urn:altinn:authlevel': '' }, undefined],
    [{ authorization_details: [detail] }, 3],
    [{ authorization_details: [detail], 'urn:altinn:authlevel': 4 }, 4],
    [{ authorization_details: [detail], acr: 'unheard-of' }, undefined],
    [{}, undefined],
  ])('of %j is %s', (claims, level) => {
    expect(authenticationLevelOf(claims)).toBe(level);
  });
});

describe('an end user', () => {
  const high = { scope: 'openid digdir:dialogporten', acr: 'idporten-loa-high' };

  it.each([
    [['digdir:dialogporten'], true],
    [['digdir:dialogporten.noconsent'], true],
    [['openid', 'digdir:dialogporten'], true],
    [['digdir:dialogporten.noconsents'], false],
    [['DIGDIR:dialogporten'], false],
    [['openid'], false],
    [[], false],
  ])('with the scopes %j gets in: %s', (scopes, isAllowed) => {
    const found = identifyEndUser({ ...high, pid, scope: scopes.join(' ') });
    expect(found).toMatchObject(isAllowed ? { kind: 'end-user' } : { kind: 'refused', reason: 'scope-missing' });
  });

  it('is a person', () => {
    expect(identifyEndUser({ ...high, pid })).toEqual({
      kind: 'end-user',
      endUser: { type: 'Person', id: person, authenticationLevel: 4, decisionSubject: person },
    });
  });

  it('is known to the decision point by the number of its Altinn account, if it has one', () => {
    const claims = { ...high, pid, 'urn:altinn:userid': 20012345, 'urn:altinn:partyid': '50012345' };
    expect(identifyEndUser(claims)).toMatchObject({
      endUser: { id: person, decisionSubject: 'urn:altinn:userid:20012345', partyId: '50012345' },
    });
    const found = identifyEndUser({ ...high, ...byEmail, acr: 'selfregistered-email' });
    expect(found).toEqual({
      kind: 'end-user',
      endUser: { type: 'IdportenEmailIdentifiedUser', id: emailUser, authenticationLevel: 0 },
    });
  });

  it('is a system user, with who owns it and who calls', () => {
    const claims = { scope: high.scope, authorization_details: [detail], consumer };
    const endUser = {
      ...{ type: 'SystemUser', id: systemUser, authenticationLevel: 3, decisionSubject: systemUser },
      system: { consumer: `${organization}313007308`, owner: `${organization}313007103` },
    };
    expect(identifyEndUser(claims)).toEqual({ kind: 'end-user', endUser });
    expect(identifyEndUser({ ...claims, supplier: organisationClaim('310002003') })).toEqual({
      kind: 'end-user',
      endUser: { ...endUser, supplier: `${organization}310002003` },
    });
  });

  it('is a system user without them, if the token does not tell both', () => {
    const claims = { scope: high.scope, authorization_details: [detail], consumer };
    for (const change of [
      { consumer: undefined },
      { consumer: organisationClaim('313007309') },
      { authorization_details: [{ ...detail, systemuser_org: undefined }] },
    ]) {
      const found = identifyEndUser({ ...claims, ...change });
      expect(found).toMatchObject({ endUser: { id: systemUser, system: undefined } });
    }
  });

  it('is no service owner, also not one that acts for a person', () => {
    const refused = { kind: 'refused', reason: 'user-type-not-allowed' };
    const scope = `${high.scope} ${serviceProvider}`;
    expect(identifyEndUser({ ...high, scope, consumer })).toEqual(refused);
    expect(identifyEndUser({ ...high, scope, pid })).toEqual(refused);
    expect(identifyEndUser(high)).toEqual(refused);
  });

  it('of unknown level is refused', () => {
    const refused = { kind: 'refused', reason: 'authentication-level-unknown' };
    expect(identifyEndUser({ ...high, pid, acr: 'Level4' })).toEqual(refused);
    expect(identifyEndUser({ ...high, pid, acr: undefined })).toEqual(refused);
  });
});
