import type { KeyObject } from 'node:crypto';
import { createLocalJWKSet, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { main, type Pair } from './details-authorization.ts';
import { type DialogTokenKeys, publicKeySet, signingKeyOf } from './dialog-token-keys.ts';
import type { EndUser } from './end-user.ts';
import { refusalOf, type TokenRefusal } from './tokens.ts';

/** How long a dialog token is good. */
export const dialogTokenSeconds = 600;

/** What a dialog token says (authorization, section 9.2). Holds national identity numbers: never to be logged. */
export type DialogTokenClaims = {
  jti: string;
  /** Who authenticated: the end user, or the organisation whose client a system user's token was given to. */
  c: string;
  /** The system user. */
  y?: string;
  /** The organisation that the system user belongs to. */
  o?: string;
  /** The organisation that called for another. */
  u?: string;
  /** Authentication level. */
  l: number;
  p: string;
  s: string;
  i: string;
  /** `action` or `action,attribute`, separated by `;`. */
  a: string;
  iss: string;
  iat: number;
  nbf: number;
  exp: number;
};

/** Who may do what with which dialog. */
export type DialogGrant = {
  endUser: EndUser;
  /** Its URNs as they are stored, the party unmasked. */
  dialog: { id: string; party: string; serviceResource: string };
  /** In the order of `pairsOf`. */
  permitted: readonly Pair[];
};

type Context = { issuer: string; now: Date; id: string };

/** The claims of a new token. Pure: `id` is to be random. */
export function dialogTokenClaims(
  { endUser, dialog, permitted }: DialogGrant,
  { issuer, now, id }: Context,
): DialogTokenClaims {
  const { id: caller, system, supplier, authenticationLevel } = endUser;
  const issuedAt = Math.floor(now.getTime() / 1000);
  return {
    jti: id,
    ...(system === undefined ? { c: caller } : { c: system.consumer, y: caller, o: system.owner }),
    ...(supplier !== undefined && { u: supplier }),
    ...{ l: authenticationLevel, p: dialog.party, s: dialog.serviceResource, i: dialog.id },
    a: actionsOf(permitted),
    ...{ iss: issuer, iat: issuedAt, nbf: issuedAt, exp: issuedAt + dialogTokenSeconds },
  };
}

/**
 * An action may be any text. One that has a separator in it is left out: a receiver would take it for actions that
 * nobody has permitted.
 */
function actionsOf(permitted: readonly Pair[]): string {
  return permitted
    .filter(({ action, attribute }) => !/[;,]/.test(action) && !/[;,]/.test(attribute))
    .map(({ action, attribute }) => (attribute === main ? action : `${action},${attribute}`))
    .join(';');
}

/** How far the clock of a gateway may be behind that of another. */
const clockToleranceSeconds = 2;

/** Of a token of ours: which dialog it is for, and from when on it counts no more. */
export type DialogTokenVerification =
  | { kind: 'verified'; dialogId: string; endsAt: Date }
  | { kind: 'refused'; reason: TokenRefusal };

const verifiedClaims = z.object({ i: z.string(), exp: z.number() });

/** Makes dialog tokens, and knows by which keys they can be verified. */
export type DialogTokens = {
  /** What `iss` says, and below which address the keys are published. */
  issuer: string;
  keys: () => Promise<DialogTokenKeys>;
  /**
   * A new token, signed with the primary key: each call makes another, as tokens are short-lived.
   *
   * @throws what `keys` throws
   */
  issue: (grant: DialogGrant) => Promise<string>;
  /**
   * Whether a token is one that we have made, any gateway of ours, with a key that is still published.
   *
   * @throws what `keys` throws
   */
  verify: (token: string) => Promise<DialogTokenVerification>;
};

type Deps = { issuer: string; keys: () => Promise<DialogTokenKeys>; now: () => Date; newId: () => string };

export function createDialogTokens({ issuer, keys, now, newId }: Deps): DialogTokens {
  // The keys stay the same object until they are changed. Importing one costs as much as a signature.
  const imported = new WeakMap<DialogTokenKeys, KeyObject>();
  const published = new WeakMap<DialogTokenKeys, ReturnType<typeof createLocalJWKSet>>();

  return {
    issuer,
    keys,
    async issue(grant) {
      const current = await keys();
      const key = imported.get(current) ?? signingKeyOf(current.primary);
      imported.set(current, key);
      const claims = dialogTokenClaims(grant, { issuer, now: now(), id: newId() });
      return new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', kid: current.primary.kid }).sign(key);
    },
    async verify(token) {
      const current = await keys();
      const keySet = published.get(current) ?? createLocalJWKSet(publicKeySet(current));
      published.set(current, keySet);
      try {
        const { payload } = await jwtVerify(token, keySet, {
          ...{ issuer, typ: 'JWT', algorithms: ['EdDSA'], clockTolerance: clockToleranceSeconds },
          ...{ requiredClaims: ['exp', 'i'], currentDate: now() },
        });
        const { i, exp } = verifiedClaims.parse(payload);
        return { kind: 'verified', dialogId: i, endsAt: new Date((exp + clockToleranceSeconds) * 1000) };
      } catch (err) {
        const reason = refusalOf(err);
        if (reason === undefined) throw err;
        return { kind: 'refused', reason };
      }
    },
  };
}
