import type { KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { main, type Pair } from './details-authorization.ts';
import { type DialogTokenKeys, signingKeyOf } from './dialog-token-keys.ts';
import type { EndUser } from './end-user.ts';

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
};

type Deps = { issuer: string; keys: () => Promise<DialogTokenKeys>; now: () => Date; newId: () => string };

export function createDialogTokens({ issuer, keys, now, newId }: Deps): DialogTokens {
  // The keys stay the same object until they are changed. Importing one costs as much as a signature.
  const imported = new WeakMap<DialogTokenKeys, KeyObject>();

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
  };
}
