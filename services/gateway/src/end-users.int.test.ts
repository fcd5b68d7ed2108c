import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endUserPath, type GatewayApp } from './gateway-app.ts';
import { type GatewayFixture, openGatewayFixture } from './testing/gateway-fixture.ts';

const path = `${endUserPath}/me`;
const kari = { pid: '01817030080' };
const systemuser = '5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c';

let fixture: GatewayFixture;
let app: GatewayApp;
beforeAll(async () => {
  fixture = await openGatewayFixture();
  app = await fixture.openGateway();
  app.get(path, (c) => c.json(c.get('endUser')));
});
afterAll(() => fixture.close());

async function answerTo(user: Record<string, string>): Promise<Response> {
  return app.request(path, { headers: await fixture.asEndUser(user) });
}

describe('an end user', () => {
  const person = { type: 'Person', id: 'urn:altinn:person:identifier-no:01817030080' };
  const account = 'urn:altinn:userid:20012345';
  const regnskap = {
    ...{ type: 'SystemUser', id: `urn:altinn:systemuser:uuid:${systemuser}`, authenticationLevel: 3 },
    system: {
      consumer: 'urn:altinn:organization:identifier-no:313007308',
      owner: 'urn:altinn:organization:identifier-no:313007103',
    },
  };
  const email = { type: 'IdportenEmailIdentifiedUser', id: 'urn:altinn:person:idporten-email:kari@example.com' };

  it.each<[Record<string, string>, object]>([
    [kari, { ...person, authenticationLevel: 4, decisionSubject: person.id }],
    [
      { ...kari, level: '3' },
      { ...person, authenticationLevel: 3 },
    ],
    [{ ...kari, scope: 'digdir:dialogporten.noconsent' }, person],
    [
      { ...kari, issuer: 'altinn' },
      { ...person, authenticationLevel: 4, decisionSubject: account },
    ],
    [{ email: 'Kari@Example.com' }, { ...email, authenticationLevel: 0 }],
    [
      { email: 'kari@example.com', issuer: 'altinn' },
      { ...email, decisionSubject: 'urn:altinn:userid:20012348' },
    ],
    [{ systemuser }, regnskap],
    [{ systemuser, details: 'object' }, regnskap],
    [
      { systemuser, issuer: 'altinn', supplier: '310002003' },
      { ...regnskap, supplier: 'urn:altinn:organization:identifier-no:310002003' },
    ],
  ])('is told from the token of %j', async (user, expected) => {
    const answer = await answerTo(user);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject(expected);
  });
});
