import { type Scope, scopes } from '@dialog/access/service-owner';
import { problem } from '@dialog/contracts/problem';
import { describe, expect, it } from 'vitest';
import { requireScope } from './authentication.ts';
import { endUserPath, serviceOwnerPath } from './gateway-app.ts';
import { asServiceOwner, exampleApp } from './testing/example-app.ts';

const path = `${serviceOwnerPath}/more`;

/** The answer of a route that wants the search scope, to a caller with these scopes. */
function callerWith(...granted: Scope[]) {
  const claims = {
    scope: granted.join(' '),
    consumer: { authority: 'iso6523-actorid-upis', ID: '0192:310001007' },
    'urn:altinn:org': 'ttd',
  };
  const app = exampleApp({ tokens: { verify: async () => ({ kind: 'verified', claims }) } });
  app.get(path, requireScope(scopes.search), (c) => c.text('in'));
  return app.request(path, { headers: asServiceOwner });
}

it('lets a service owner with the scope of the route through', async () => {
  expect((await callerWith(scopes.serviceProvider, scopes.search)).status).toBe(200);
});

it.each([[[scopes.serviceProvider]], [[scopes.search]], [[scopes.serviceProvider, scopes.admin]]])(
  'answers %s with 403, no body, and what is needed',
  async (granted) => {
    const answer = await callerWith(...granted);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toBe('');
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer error="insufficient_scope", scope="[^"]+"$/);
  },
);

it('lets no system user in that has the scope, unless it names a person; a wrong name is told of first', async () => {
  const claims = {
    scope: scopes.serviceProvider,
    consumer: { authority: 'iso6523-actorid-upis', ID: '0192:310001007' },
    'urn:altinn:org': 'ttd',
    authorization_details: [{ type: 'urn:altinn:systemuser', systemuser_id: ['5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c'] }],
  };
  const app = exampleApp({ tokens: { verify: async () => ({ kind: 'verified', claims }) } });
  app.get(path, (c) => c.text('in'));
  const asking = (query: string) => app.request(`${path}${query}`, { headers: asServiceOwner });
  const refused = await asking('');
  expect(refused.status).toBe(403);
  expect(await refused.json()).toMatchObject({
    errors: { Type: [expect.stringMatching(/are: ServiceOwner, ServiceOwnerOnBehalfOfPerson$/)] },
  });
  expect((await asking('?endUserId=urn:altinn:person:identifier-no:12345678901')).status).toBe(400);
  expect((await asking('?endUserId=urn:altinn:person:identifier-no:01817030080')).status).toBe(200);
});

describe('an end user', () => {
  const endUserScope = 'digdir:dialogporten';
  const person = { pid: '01817030080', acr: 'idporten-loa-high', scope: endUserScope };

  /** The answer of a route that tells who calls, to the bearer of a token with these claims. */
  function callerWith(claims: Record<string, unknown>, query = '') {
    const app = exampleApp({ tokens: { verify: async () => ({ kind: 'verified', claims }) } });
    app.get(`${endUserPath}/me`, (c) => c.text(c.get('endUser').id));
    return app.request(`${endUserPath}/me${query}`, { headers: { Authorization: 'Bearer any' } });
  }

  it.each([
    ['person', person, 'urn:altinn:person:identifier-no:01817030080'],
    [
      'person of a client without a consent page',
      { ...person, scope: `${endUserScope}.noconsent` },
      'urn:altinn:person:identifier-no:01817030080',
    ],
    [
      'system user',
      {
        scope: endUserScope,
        authorization_details: {
          type: 'urn:altinn:systemuser',
          systemuser_id: ['5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c'],
        },
      },
      'urn:altinn:systemuser:uuid:5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c',
    ],
    [
      'e-mail user',
      {
        ...{ scope: endUserScope, acr: 'selfregistered-email', amr: ['Selfregistered-email'] },
        email: 'kari@example.com',
      },
      'urn:altinn:person:idporten-email:kari@example.com',
    ],
  ])('that is a %s gets through', async (_, claims, id) => {
    const answer = await callerWith(claims);
    expect([answer.status, await answer.text()]).toEqual([200, id]);
  });

  it('cannot act for another: endUserId means nothing here', async () => {
    const answer = await callerWith(person, '?endUserId=urn:altinn:person:identifier-no:12345678901');
    expect(await answer.text()).toBe('urn:altinn:person:identifier-no:01817030080');
  });

  it('is told first of a wrong endUserId, where the token lets it name somebody', async () => {
    const asOwner = { ...person, scope: `${endUserScope} ${scopes.serviceProvider}` };
    const systemUser = {
      scope: asOwner.scope,
      authorization_details: { type: 'urn:altinn:systemuser', systemuser_id: ['5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c'] },
    };
    const asking = async (claims: Record<string, unknown>, number: string) => {
      const answer = await callerWith(claims, `?enduserid=urn:altinn:person:identifier-no:${number}`);
      return [answer.status, Object.keys(problem.parse(await answer.json()).errors ?? {})];
    };
    for (const claims of [asOwner, systemUser]) {
      expect(await asking(claims, '12345678901')).toEqual([400, ['EndUserId']]);
      expect(await asking(claims, '01817030080')).toEqual([403, ['Type']]);
    }
    expect((await callerWith(systemUser)).status).toBe(200);
    expect((await callerWith({ ...asOwner, scope: scopes.serviceProvider }, '?endUserId=1')).status).toBe(403);
  });

  it.each(['', 'openid', scopes.serviceProvider])('without the scope (%j) gets 403 and no body', async (scope) => {
    const answer = await callerWith({ ...person, scope });
    expect([answer.status, await answer.text()]).toEqual([403, '']);
    expect(answer.headers.get('www-authenticate')).toBe(
      'Bearer error="insufficient_scope", scope="digdir:dialogporten"',
    );
  });

  it.each([
    ['an organisation', { pid: undefined, consumer: { authority: 'iso6523-actorid-upis', ID: '0192:310001007' } }],
    ['a service owner that acts for a person', { scope: `${endUserScope} ${scopes.serviceProvider}` }],
    ['nobody that we know', { pid: '01817030081' }],
  ])('must not be %s: 403 that says who may', async (_, change) => {
    const answer = await callerWith({ ...person, ...change });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toMatchObject({
      title: 'Forbidden.',
      errors: {
        Type: [
          'The request was authenticated, but we were unable to determine valid user type in order to authorize the request. Valid user types for this endpoint are: Person, SystemUser, IdportenEmailIdentifiedUser',
        ],
      },
    });
  });

  it('of a level that we do not know is refused', async () => {
    const answer = await callerWith({ ...person, acr: 'idporten-loa-extreme' });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ errors: { Forbidden: [expect.any(String)] } });
  });
});
