import type { DialogGrant } from '@dialog/access/dialog-token';
import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { exampleApp, exampleDialogTokens } from '../testing/example-app.ts';

const keySet = '/api/v1/.well-known/jwks.json';
const metadata = '/api/v1/.well-known/oauth-authorization-server';

const dialogTokens = exampleDialogTokens();
const app = exampleApp({ dialogTokens });

const grant: DialogGrant = {
  endUser: {
    ...{ type: 'Person', id: 'urn:altinn:person:identifier-no:01817030080', authenticationLevel: 4 },
    ...{ system: undefined, supplier: undefined, decisionSubject: undefined, partyId: undefined },
  },
  dialog: {
    id: '019c2a6e-5a10-7d2b-9d51-b9a6c0f0a111',
    party: 'urn:altinn:organization:identifier-no:313500128',
    serviceResource: 'urn:altinn:resource:fangstrapport',
  },
  permitted: [{ action: 'read', attribute: 'main' }],
};

describe.each([keySet, metadata, metadata.toUpperCase()])('%s', (path) => {
  it('is open to all, and may be kept for a day', async () => {
    const answer = await app.request(path);
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'public, max-age=86400',
      vary: 'Accept-Encoding',
    });
  });

  it('is JSON, or nothing', async () => {
    const refused = await app.request(path, { headers: { Accept: 'text/html' } });
    expect(refused.status).toBe(406);
    expect(await refused.json()).toMatchObject({
      title: 'Requested content type is not acceptable.',
      detail: 'The Accept header must allow JSON responses.',
      errors: { Accept: ['The request must accept application/json responses.'] },
    });
    expect((await app.request(path, { headers: { Accept: 'text/html, */*;q=0.1' } })).status).toBe(200);
  });
});

describe('what is published of dialog tokens', () => {
  it('is both keys, with nothing private', async () => {
    const { primary, secondary } = await dialogTokens.keys();
    const key = { kty: 'OKP', use: 'sig', crv: 'Ed25519', alg: 'EdDSA' };
    expect(await (await app.request(keySet)).json()).toStrictEqual({
      keys: [
        { ...key, kid: primary.kid, x: primary.publicKey },
        { ...key, kid: secondary.kid, x: secondary.publicKey },
      ],
    });
  });

  it('is enough for a service owner to verify one, that begins with the address of the issuer', async () => {
    const ask = async (url: string) => app.request(new URL(url).pathname);
    const found = await (await ask(`${dialogTokens.issuer}/.well-known/oauth-authorization-server`)).json();
    const { issuer, jwks_uri } = z.object({ issuer: z.string(), jwks_uri: z.url() }).parse(found);
    expect(issuer).toBe(dialogTokens.issuer);
    const keys = createRemoteJWKSet(new URL(jwks_uri), { [customFetch]: ask });
    const rules = { issuer, algorithms: ['EdDSA'], typ: 'JWT', requiredClaims: ['jti', 'iat', 'nbf', 'exp'] };

    const token = await dialogTokens.issue(grant);
    const { payload } = await jwtVerify(token, keys, rules);
    expect(payload).toMatchObject({ i: grant.dialog.id, a: 'read', l: 4 });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(600);

    const [header, , signature] = token.split('.');
    const claims = Buffer.from(JSON.stringify({ ...payload, a: 'read;write' })).toString('base64url');
    await expect(jwtVerify(`${header}.${claims}.${signature}`, keys, rules)).rejects.toThrow('signature');
    await expect(jwtVerify(await exampleDialogTokens().issue(grant), keys, rules)).rejects.toThrow('no applicable key');
  });
});
