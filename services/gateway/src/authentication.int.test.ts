import { randomUUIDv7 } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { problem } from '@dialog/contracts/problem';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GatewayFixture, openGatewayFixture, serviceProvider } from './testing/gateway-fixture.ts';
import { type GatewayProcess, gatewayEnvironment, spawnGateway } from './testing/gateway-process.ts';

const endUser = 'digdir:dialogporten';
const apis = { enduser: `/api/v1/enduser/dialogs/`, serviceowner: `/api/v1/serviceowner/dialogs/` };
type Api = keyof typeof apis;

const kari = { pid: '01817030080' };
const systemuser = { systemuser: '5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c' };
const email = { email: 'kari@example.com' };
const ttd = { org: 'ttd', scope: serviceProvider };
const bothScopes = `${endUser} ${serviceProvider}`;

const folder = mkdtempSync(path.join(tmpdir(), 'authentication-'));
let fixture: GatewayFixture;
let gateway: GatewayProcess;
let base: string;
beforeAll(async () => {
  fixture = await openGatewayFixture();
  gateway = spawnGateway(await gatewayEnvironment(fixture, folder));
  base = await gateway.listening();
});
afterAll(async () => {
  await gateway.stop();
  await fixture.close();
  rmSync(folder, { recursive: true });
});

/** Status, challenge, and the keys of the problem; no body is no key. */
type Told = [status: number, challenge: string | null, ...keys: string[]];

async function told(api: Api, headers: Record<string, string>): Promise<Told> {
  // There is no such dialog, as whoever is let in is told.
  const answer = await fetch(`${base}${apis[api]}${randomUUIDv7()}`, { headers });
  const text = await answer.text();
  const keys = text === '' ? [] : Object.keys(problem.parse(JSON.parse(text)).errors ?? {});
  return [answer.status, answer.headers.get('www-authenticate'), ...keys];
}

async function toldBearer(api: Api, token: Record<string, string>): Promise<Told> {
  return told(api, await fixture.asEndUser(token));
}

const letIn: Told = [404, null, 'DialogEntity'];
const wrongType: Told = [403, null, 'Type'];
const withoutScope = (scope: string): Told => [403, `Bearer error="insufficient_scope", scope="${scope}"`];
const notEndUser = withoutScope(endUser);
const notOwner = withoutScope(serviceProvider);
const nobody: Told = [403, 'Bearer error="insufficient_scope", error_description="consumer-missing-or-invalid"'];
const refused = (reason: string): Told => [401, `Bearer error="invalid_token", error_description="${reason}"`];

describe('the bearer of a token', () => {
  it.each<[string, Record<string, string>, enduser: Told, serviceowner: Told]>([
    ['of Maskinporten, for a service owner', { ...ttd, issuer: 'maskinporten' }, notEndUser, letIn],
    ['of Altinn, for a service owner', { ...ttd, issuer: 'altinn' }, notEndUser, letIn],
    ['with the scope among others', { ...ttd, scope: `openid ${serviceProvider} other` }, notEndUser, letIn],
    ['with a scope that only begins like it', { ...ttd, scope: `${serviceProvider}s` }, notEndUser, notOwner],
    ['for searches alone', { ...ttd, scope: `${serviceProvider}.search` }, notEndUser, notOwner],
    ['for an organisation, with the end users’ scope', { ...ttd, scope: endUser }, wrongType, notOwner],
    ['for an organisation, with both', { ...ttd, scope: bothScopes }, wrongType, letIn],
    ['without an organisation', { ...ttd, fault: 'no-consumer' }, notEndUser, nobody],
    ['for an organisation that cannot be', { ...ttd, fault: 'invalid-consumer' }, notEndUser, nobody],
    ['of ID-porten', kari, letIn, notOwner],
    ['of ID-porten, for a client without consent', { ...kari, scope: `${endUser}.noconsent` }, letIn, notOwner],
    ['of ID-porten, at a lower level', { ...kari, level: '3' }, letIn, notOwner],
    [
      'of ID-porten, at a level that nobody knows',
      { ...kari, fault: 'unknown-acr' },
      [403, null, 'Forbidden'],
      notOwner,
    ],
    ['of ID-porten, with another scope', { ...kari, scope: 'openid' }, notEndUser, notOwner],
    ['of ID-porten, with both scopes', { ...kari, scope: bothScopes }, wrongType, nobody],
    ['of ID-porten, with a number that cannot be', { pid: '01817030081' }, wrongType, notOwner],
    ['of ID-porten, exchanged', { ...kari, issuer: 'altinn' }, letIn, notOwner],
    ['of ID-porten, for an e-mail address', email, letIn, notOwner],
    ['of ID-porten, for an e-mail address, exchanged', { ...email, issuer: 'altinn' }, letIn, notOwner],
    ['of Maskinporten, for a system user', systemuser, letIn, notOwner],
    ['of Maskinporten, for a system user as an object', { ...systemuser, details: 'object' }, letIn, notOwner],
    ['of Maskinporten, for a system user, exchanged', { ...systemuser, issuer: 'altinn' }, letIn, notOwner],
    [
      'of Maskinporten, for a system user, as service owner',
      { ...systemuser, scope: serviceProvider },
      notEndUser,
      wrongType,
    ],
    ['of Maskinporten, for a customer’s system user', { ...systemuser, supplier: '310002003' }, letIn, notOwner],
  ])('%s', async (_, token, enduser, serviceowner) => {
    expect([await toldBearer('enduser', token), await toldBearer('serviceowner', token)]).toEqual([
      enduser,
      serviceowner,
    ]);
  });

  it.each([
    ['expired', 'expired'],
    ['not-yet-valid', 'not-yet-valid'],
    ['no-expiry', 'no-expiry'],
    ['wrong-issuer', 'unknown-issuer'],
    ['issuer-with-slash', 'unknown-issuer'],
    ['unsigned', 'algorithm-not-allowed'],
    ['public-key-as-secret', 'algorithm-not-allowed'],
    ['wrong-key', 'wrong-signature'],
    ['unknown-key', 'unknown-key'],
  ])('that is wrong (%s) is told so, whoever it is for', async (fault, reason) => {
    const answers = [
      await toldBearer('enduser', { ...kari, fault }),
      await toldBearer('enduser', { ...kari, issuer: 'altinn', fault }),
      await toldBearer('enduser', { ...email, fault }),
      await toldBearer('enduser', { ...systemuser, fault }),
      await toldBearer('serviceowner', { ...ttd, fault }),
      await toldBearer('serviceowner', { ...ttd, issuer: 'maskinporten', fault }),
    ];
    expect(answers).toEqual(answers.map(() => refused(reason)));
  });

  it.each([
    ['enduser', kari],
    ['serviceowner', ttd],
  ] as const)('that has been over for a second gets in, for three seconds does not (%s)', async (api, token) => {
    // Clocks have whole seconds: it has to be used in the second in which it is made.
    for (;;) {
      const { authorization, secondsOver } = await mintOver(1, token);
      const answer = await told(api, { Authorization: authorization });
      if (secondsOver() > 1) continue;
      expect(answer).toEqual(letIn);
      break;
    }
    const { authorization } = await mintOver(3, token);
    expect(await told(api, { Authorization: authorization })).toEqual(refused('expired'));
  });

  /** A token that is over since so many seconds, at the time when it is made. */
  async function mintOver(seconds: number, token: Record<string, string>) {
    const query = new URLSearchParams({ ...token, ttl: String(-seconds) });
    const jwt = await (await fetch(`${fixture.emulator.baseUrl}/emulator/token?${query}`)).text();
    const { exp = 0 } = decodeJwt(jwt);
    return { authorization: `Bearer ${jwt}`, secondsOver: () => Math.floor(Date.now() / 1000) - exp };
  }

  it('whose scheme is written in another case, or has more before it, gets in', async () => {
    const { Authorization = '' } = await fixture.asEndUser(kari);
    const token = Authorization.replace('Bearer ', '');
    expect(await told('enduser', { Authorization: `bearer  ${token}` })).toEqual(letIn);
    expect(await told('enduser', { Authorization: `Bearer Bearer ${token}` })).toEqual(letIn);
  });

  it('that was made for a dialog does not get in', async () => {
    const header = Buffer.from('{"alg":"EdDSA","typ":"JWT","kid":"a"}').toString('base64url');
    const claims = { iss: `${base}/api/v1`, exp: 4_000_000_000, p: 'urn:altinn:organization:identifier-no:313007103' };
    const token = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
    expect(await told('enduser', { Authorization: `Bearer ${token}` })).toEqual(refused('unknown-issuer'));
  });
});

describe('a caller', () => {
  it.each([undefined, 'Basic dXNlcjpwYXNz', 'Bearer', 'Bearer '])('with Authorization: %s gets 401', async (header) => {
    const headers: Record<string, string> = header === undefined ? {} : { Authorization: header };
    expect([await told('enduser', headers), await told('serviceowner', headers)]).toEqual([
      [401, 'Bearer'],
      [401, 'Bearer'],
    ]);
  });

  it('gets 401 also where there is nothing', async () => {
    const answers = await Promise.all(
      ['enduser/nothing', 'serviceowner/nothing', 'enduser'].map((one) => fetch(`${base}/api/v1/${one}`)),
    );
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
  });

  it('may name an end user, who must be a person', async () => {
    const headers = await fixture.as('ttd');
    const asking = (id: string) =>
      fetch(`${base}${apis.serviceowner}${randomUUIDv7()}/activities?endUserId=${id}`, { headers });
    expect((await asking('urn:altinn:person:identifier-no:01817030080')).status).toBe(404);
    const wrong = await asking('urn:altinn:organization:identifier-no:313007103');
    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toMatchObject({ errors: { EndUserId: [expect.any(String)] } });
  });
});

it('who cannot be told, as the issuers are away, is answered 502', async () => {
  const headers = await fixture.as('ttd');
  const stranger = await openGatewayFixture();
  const other = await stranger.openGateway();
  await stranger.emulator.close();
  const answer = await other.request(`${apis.serviceowner}${randomUUIDv7()}`, { headers });
  expect(answer.status).toBe(502);
  await stranger.close();
});
