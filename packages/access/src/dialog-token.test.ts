import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { pairsOf } from './details-authorization.ts';
import { createDialogTokens, type DialogGrant, dialogTokenClaims } from './dialog-token.ts';
import { firstKeys, publicKeySet, signingKeyOf } from './dialog-token-keys.ts';
import { rotated } from './dialog-token-rotation.ts';
import type { EndUser } from './end-user.ts';

const organization = (number: string) => `urn:altinn:organization:identifier-no:${number}`;
const issuer = 'https://platform.altinn.no/dialogporten/api/v1';
const now = new Date('2026-02-03T08:15:30.999Z');

const kari: EndUser = {
  ...{ type: 'Person', id: 'urn:altinn:person:identifier-no:01817030080', authenticationLevel: 4 },
  ...{ system: undefined, supplier: undefined, decisionSubject: undefined, partyId: undefined },
};
const systemUser: EndUser = {
  ...{ ...kari, type: 'SystemUser', id: 'urn:altinn:systemuser:uuid:5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c' },
  ...{ authenticationLevel: 3, system: { consumer: organization('313007308'), owner: organization('313007103') } },
};
const dialog = {
  id: '019c2a6e-5a10-7d2b-9d51-b9a6c0f0a111',
  party: organization('313500128'),
  serviceResource: 'urn:altinn:resource:fangstrapport',
};
const action = (name: string, authorizationAttribute: string | null = null) => ({
  action: name,
  authorizationAttribute,
});
const permitted = pairsOf({
  apiActions: [action('write')],
  guiActions: [action('sign', 'urn:altinn:task:kontroll')],
  transmissions: [],
});

function claimsOf(grant: Partial<DialogGrant> = {}) {
  return dialogTokenClaims({ endUser: kari, dialog, permitted, ...grant }, { issuer, now, id: 'one' });
}

describe('the claims of a dialog token', () => {
  it('say who may do what with which dialog, for ten minutes', () => {
    expect(claimsOf()).toEqual({
      jti: 'one',
      c: 'urn:altinn:person:identifier-no:01817030080',
      l: 4,
      p: 'urn:altinn:organization:identifier-no:313500128',
      s: 'urn:altinn:resource:fangstrapport',
      i: '019c2a6e-5a10-7d2b-9d51-b9a6c0f0a111',
      a: 'read;sign,urn:altinn:task:kontroll;write',
      iss: 'https://platform.altinn.no/dialogporten/api/v1',
      iat: 1770106530,
      nbf: 1770106530,
      exp: 1770107130,
    });
  });

  it('name for a system user who called, the user, and whose it is', () => {
    const { c, y, o, l } = claimsOf({ endUser: systemUser });
    expect({ c, y, o, l }).toEqual({
      c: organization('313007308'),
      y: 'urn:altinn:systemuser:uuid:5b7a3c0e-52a4-4c0f-9a55-0c6f0f1e2d3c',
      o: organization('313007103'),
      l: 3,
    });
  });

  it('name only the system user, if its token does not tell the rest', () => {
    const claims = claimsOf({ endUser: { ...systemUser, system: undefined } });
    expect(claims.c).toBe(systemUser.id);
    expect(Object.keys(claims)).toEqual(expect.not.arrayContaining(['y', 'o', 'u']));
  });

  it('name the supplier, if there is one', () => {
    expect(claimsOf({ endUser: { ...systemUser, supplier: organization('310002003') } }).u).toBe(
      organization('310002003'),
    );
    expect(claimsOf({ endUser: systemUser })).not.toHaveProperty('u');
  });

  it.each([
    [[], ''],
    [[{ action: 'read', attribute: 'main' }], 'read'],
    [[{ action: 'read', attribute: 'urn:altinn:resource:other' }], 'read,urn:altinn:resource:other'],
    // What would read as more than was permitted is left out.
    [
      [
        { action: 'read;sign', attribute: 'main' },
        { action: 'write', attribute: 'main' },
      ],
      'write',
    ],
    [[{ action: 'sign,urn:altinn:task:one', attribute: 'main' }], ''],
    [[{ action: 'read', attribute: 'one;delete' }], ''],
  ])('of %j permitted hold %j', (pairs, actions) => {
    expect(claimsOf({ permitted: pairs }).a).toBe(actions);
  });
});

describe('a dialog token', () => {
  async function opened() {
    let keys = await firstKeys(now);
    const tokens = createDialogTokens({
      ...{ issuer, now: () => now, newId: () => crypto.randomUUID() },
      keys: async () => keys,
    });
    return {
      issue: () => tokens.issue({ endUser: kari, dialog, permitted }),
      keys: () => keys,
      async rotate() {
        keys = rotated(keys, now, (await firstKeys(now)).primary);
      },
      verify: (token: string) =>
        jwtVerify(token, createLocalJWKSet(publicKeySet(keys)), {
          ...{ issuer, algorithms: ['EdDSA'], typ: 'JWT', currentDate: now },
        }),
    };
  }

  it('is signed with the primary key, under exactly this header', async () => {
    const { issue, keys, verify } = await opened();
    const token = await issue();
    const [header = ''] = token.split('.');
    expect(Buffer.from(header, 'base64url').toString()).toBe(
      `{"alg":"EdDSA","typ":"JWT","kid":"${keys().primary.kid}"}`,
    );
    expect(token).not.toContain('=');
    expect((await verify(token)).payload).toEqual({ ...claimsOf(), jti: expect.any(String) });
  });

  it('is another each time', async () => {
    const { issue } = await opened();
    expect(decodeJwt(await issue()).jti).not.toBe(decodeJwt(await issue()).jti);
  });

  it('still verifies when the next key signs, and no longer when its key is gone', async () => {
    const { issue, rotate, verify } = await opened();
    const old = await issue();
    await rotate();
    const young = await issue();
    expect(decodeProtectedHeader(young).kid).not.toBe(decodeProtectedHeader(old).kid);
    await verify(old);
    await verify(young);
    await rotate();
    await expect(verify(old)).rejects.toThrow('no applicable key');
    await verify(young);
  });

  it('is known again, with its dialog and its end, which has the tolerance of a clock', async () => {
    const keys = await firstKeys(now);
    let at = now;
    const ours = createDialogTokens({ issuer, keys: async () => keys, now: () => at, newId: () => 'one' });
    const token = await ours.issue({ endUser: kari, dialog, permitted });
    const endsAt = new Date((claimsOf().exp + 2) * 1000);
    expect(await ours.verify(token)).toEqual({ kind: 'verified', dialogId: dialog.id, endsAt });
    at = new Date(endsAt.getTime() - 1);
    expect(await ours.verify(token)).toMatchObject({ kind: 'verified' });
    at = endsAt;
    expect(await ours.verify(token)).toEqual({ kind: 'refused', reason: 'expired' });
  });

  it('is none of ours with another key, issuer, type, algorithm, or without a dialog', async () => {
    const { issue, keys, rotate } = await opened();
    const made = { issuer, keys: async () => keys(), now: () => now, newId: () => 'one' };
    const { verify } = createDialogTokens(made);
    const signed = (claims: object, header: object = {}) =>
      new SignJWT({ ...claimsOf(), ...claims })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', kid: keys().primary.kid, ...header })
        .sign(signingKeyOf(keys().primary));
    expect(await verify(await signed({}))).toMatchObject({ kind: 'verified' });
    const old = await issue();
    await rotate();
    await rotate();
    const [head = '', body = '', signature = ''] = (await signed({})).split('.');
    const unsigned = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    const forged = Buffer.from(JSON.stringify(claimsOf({ dialog: { ...dialog, id: 'x' } }))).toString('base64url');
    for (const [token, reason] of [
      ['nonsense', 'malformed'],
      [`${unsigned}.${body}.`, 'algorithm-not-allowed'],
      [`${head}.${forged}.${signature}`, 'wrong-signature'],
      [old, 'unknown-key'],
      [await signed({ iss: 'https://other' }), 'malformed'],
      [await signed({ i: undefined }), 'malformed'],
      [await signed({ exp: undefined }), 'no-expiry'],
      [await signed({}, { typ: 'dialogcontexttoken+jwt' }), 'malformed'],
    ] as const) {
      expect(await verify(token)).toEqual({ kind: 'refused', reason });
    }
  });
});
