import { randomUUIDv7 } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GatewayApp } from './gateway-app.ts';
import { type GatewayFixture, openGatewayFixture, serviceProvider } from './testing/gateway-fixture.ts';

const path = `/api/v1/serviceowner/dialogs/${randomUUIDv7()}`;

let fixture: GatewayFixture;
let app: GatewayApp;
beforeAll(async () => {
  fixture = await openGatewayFixture();
  app = await fixture.openGateway();
});
afterAll(() => fixture.close());

describe('a caller', () => {
  it.each([
    ['with the scope', 'altinn', serviceProvider],
    ['with the scope among others', 'altinn', `openid ${serviceProvider} other`],
    ['with a token of Maskinporten itself', 'maskinporten', serviceProvider],
  ])('%s gets through', async (_, issuer, scope) => {
    const answer = await app.request(path, { headers: await fixture.as('ttd', scope, { issuer }) });
    // There is no such dialog.
    expect(answer.status).toBe(404);
  });

  it.each([
    'expired',
    'not-yet-valid',
    'no-expiry',
    'wrong-issuer',
    'unsigned',
    'wrong-key',
    'unknown-key',
    'public-key-as-secret',
  ])('whose token is %s gets 401 with a challenge and no body', async (fault) => {
    const answer = await app.request(path, { headers: await fixture.as('ttd', serviceProvider, { fault }) });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token"/);
    expect(await answer.text()).toBe('');
  });

  it.each([undefined, 'Basic dXNlcjpwYXNz', 'Bearer', 'Bearer '])('with Authorization: %s gets 401', async (header) => {
    const answer = await app.request(path, { headers: header === undefined ? {} : { Authorization: header } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(await answer.text()).toBe('');
  });

  it.each([
    ['without the scope', { scope: 'digdir:dialogporten.serviceprovider.search' }],
    ['with a scope that only begins like it', { scope: `${serviceProvider}s` }],
    ['without an organisation', { scope: serviceProvider, fault: 'no-consumer' }],
    ['with an organisation that cannot be', { scope: serviceProvider, fault: 'invalid-consumer' }],
  ])('%s gets 403 and no body', async (_, { scope, ...more }) => {
    const answer = await app.request(path, { headers: await fixture.as('ttd', scope, more) });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer error="insufficient_scope"/);
    expect(await answer.text()).toBe('');
  });

  it('may name an end user, who must be a person', async () => {
    const headers = await fixture.as('ttd');
    const asking = (id: string) => app.request(`${path}/activities?endUserId=${id}`, { headers });
    expect((await asking('urn:altinn:person:identifier-no:01817030080')).status).toBe(404);
    const refused = await asking('urn:altinn:organization:identifier-no:313007103');
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ errors: { EndUserId: [expect.any(String)] } });
  });
});

it('who cannot be told, as the issuers are away, is answered 502', async () => {
  const headers = await fixture.as('ttd');
  const stranger = await openGatewayFixture();
  const other = await stranger.openGateway();
  await stranger.emulator.close();
  const answer = await other.request(path, { headers });
  expect(answer.status).toBe(502);
  await stranger.close();
});
