import { type Scope, scopes } from '@dialog/access/service-owner';
import { expect, it } from 'vitest';
import { requireScope } from './authentication.ts';
import { serviceOwnerPath } from './gateway-app.ts';
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
