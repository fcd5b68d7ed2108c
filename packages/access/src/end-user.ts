/**
 * Who calls on whose behalf (authorization, sections 2 to 4), from the claims of a verified token. Pure.
 *
 * What is called a claim here may have been made by any of the trusted issuers: a name says what it means, not who said
 * it. So each is checked for its shape, and one that has another is as good as absent.
 */
import { parseParty } from '@dialog/contracts/party';
import type { JWTPayload } from 'jose';
import { z } from 'zod';
import { objectOf, organisationOf } from './organisation-claim.ts';
import { scopes, scopesOf } from './service-owner.ts';

/** Either lets an end user in. The second is for clients that show no page on which the user consents. */
export const endUserScopes = ['digdir:dialogporten', 'digdir:dialogporten.noconsent'] as const;

/** As messages of the API name them. */
export const endUserTypes = ['Person', 'SystemUser', 'IdportenEmailIdentifiedUser'] as const;
type EndUserType = (typeof endUserTypes)[number];
export type UserType = EndUserType | 'ServiceOwner' | 'ServiceOwnerOnBehalfOfPerson' | 'Unknown';

/** The type of user, and its URN; those of whom we know nothing have none. */
export type User = { type: Exclude<UserType, 'Unknown'>; id: string } | { type: 'Unknown' };

/** An end user as a token tells of it. All URNs are in lower case. */
export type EndUser = {
  type: EndUserType;
  id: string;
  /** 0 self-registered, 3 substantial, 4 high; others are possible in tokens of Altinn. */
  authenticationLevel: number;
  /**
   * Of a system user: the organisation whose client called, and the organisation that the system user belongs to.
   * Undefined for people, and when the token does not tell both.
   */
  system: { consumer: string; owner: string } | undefined;
  /** The organisation that called on behalf of its customer. */
  supplier: string | undefined;
  /** As whom the decision point knows the user; it takes one attribute. Undefined for an e-mail user without account. */
  decisionSubject: string | undefined;
  /** The user's number as a party, in tokens of Altinn: the decision point cannot find an e-mail address. */
  partyId: string | undefined;
};

export type EndUserRefusal = 'scope-missing' | 'user-type-not-allowed' | 'authentication-level-unknown';

export type EndUserIdentification =
  | { kind: 'end-user'; endUser: EndUser }
  | { kind: 'refused'; reason: EndUserRefusal };

/** Tells who the end user is. The first thing that is wrong is the reason of a refusal: scope, then type, then level. */
export function identifyEndUser(claims: JWTPayload): EndUserIdentification {
  const granted = scopesOf(claims);
  if (!endUserScopes.some((scope) => granted.has(scope))) return { kind: 'refused', reason: 'scope-missing' };
  const user = identifyUser(claims);
  if (!isEndUser(user)) return { kind: 'refused', reason: 'user-type-not-allowed' };
  const authenticationLevel = authenticationLevelOf(claims);
  if (authenticationLevel === undefined) return { kind: 'refused', reason: 'authentication-level-unknown' };

  const { type, id } = user;
  const userId = wholeNumber(claims['urn:altinn:userid']);
  const endUser = {
    ...{ type, id, authenticationLevel },
    system: type === 'SystemUser' ? systemOf(claims) : undefined,
    supplier: organisationUrnOf(claims.supplier),
    decisionSubject: userId === undefined ? subjectOf(user) : `urn:altinn:userid:${userId}`,
    partyId: wholeNumber(claims['urn:altinn:partyid'])?.toString(),
  };
  return { kind: 'end-user', endUser };
}

/**
 * The type of user, by the first rule that fits. A service owner may hold a person's number, and a system user's token
 * names an organisation, so the order matters.
 */
export function identifyUser(claims: JWTPayload): User {
  const isServiceOwner = scopesOf(claims).has(scopes.serviceProvider);
  const person = personOf(claims);
  if (person !== undefined) return { type: isServiceOwner ? 'ServiceOwnerOnBehalfOfPerson' : 'Person', id: person };
  const systemUser = systemUserOf(claims);
  if (systemUser !== undefined) return { type: 'SystemUser', id: systemUser.id };
  const organisation = organisationUrnOf(claims.consumer);
  if (isServiceOwner && organisation !== undefined) return { type: 'ServiceOwner', id: organisation };
  const emailUser = emailUserOf(claims);
  if (emailUser !== undefined) return { type: 'IdportenEmailIdentifiedUser', id: emailUser };
  return { type: 'Unknown' };
}

function isEndUser(user: User): user is { type: EndUserType; id: string } {
  return endUserTypes.some((type) => type === user.type);
}

const levelsByAcr: ReadonlyMap<unknown, number> = new Map([
  ['selfregistered-email', 0],
  ['idporten-loa-low', 0],
  ['idporten-loa-substantial', 3],
  ['idporten-loa-high', 4],
]);
const systemUserLevel = 3;

/**
 * How sure it is who the caller is. Altinn's own claim beats that of ID-porten; of a system user nothing is said.
 *
 * @returns undefined for an `acr` that we do not know: it must not pass for any level
 */
export function authenticationLevelOf(claims: JWTPayload): number | undefined {
  const level = wholeNumber(claims['urn:altinn:authlevel']);
  if (level !== undefined) return level;
  if (claims.acr !== undefined) return levelsByAcr.get(claims.acr);
  return systemUserOf(claims) === undefined ? undefined : systemUserLevel;
}

function personOf({ pid }: JWTPayload): string | undefined {
  return typeof pid === 'string' ? parseParty(`urn:altinn:person:identifier-no:${pid}`) : undefined;
}

const selfRegistered = 'Selfregistered-email';

/** Whoever has shown more than an e-mail address is somebody else than that address. */
function emailUserOf({ email, amr }: JWTPayload): string | undefined {
  const methods = new Set(Array.isArray(amr) ? amr : [amr]);
  if (typeof email !== 'string' || methods.size !== 1 || !methods.has(selfRegistered)) return undefined;
  return parseParty(`urn:altinn:person:idporten-email:${email}`);
}

const authorizationDetail = z.looseObject({ type: z.string() });
const systemUser = z.object({
  systemuser_id: z.tuple([z.guid().toLowerCase()], z.unknown()),
  systemuser_org: z.unknown().optional(),
});

/** The first system user in `authorization_details`, which is a list or, after a conversion, its only element. */
function systemUserOf({ authorization_details }: JWTPayload): { id: string; owner: unknown } | undefined {
  const details = objectOf(authorization_details);
  const found = (Array.isArray(details) ? details : [details]).find(
    (detail) => authorizationDetail.safeParse(detail).data?.type === 'urn:altinn:systemuser',
  );
  const { success, data } = systemUser.safeParse(found);
  if (!success) return undefined;
  return { id: `urn:altinn:systemuser:uuid:${data.systemuser_id[0]}`, owner: data.systemuser_org };
}

function systemOf(claims: JWTPayload): EndUser['system'] {
  const consumer = organisationUrnOf(claims.consumer);
  const owner = organisationUrnOf(systemUserOf(claims)?.owner);
  return consumer === undefined || owner === undefined ? undefined : { consumer, owner };
}

/** An e-mail address means nothing to the decision point. */
function subjectOf({ type, id }: { type: EndUserType; id: string }): string | undefined {
  return type === 'IdportenEmailIdentifiedUser' ? undefined : id;
}

function organisationUrnOf(claim: unknown): string | undefined {
  const orgNumber = organisationOf(claim);
  return orgNumber === undefined ? undefined : `urn:altinn:organization:identifier-no:${orgNumber}`;
}

/** A number that is whole and not negative, or its digits. */
function wholeNumber(claim: unknown): number | undefined {
  const number = typeof claim === 'string' && /^\d{1,15}$/.test(claim) ? Number(claim) : claim;
  return Number.isSafeInteger(number) && Number(number) >= 0 ? Number(number) : undefined;
}
