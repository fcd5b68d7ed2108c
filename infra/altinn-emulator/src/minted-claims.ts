import type { JWTPayload } from 'jose';
import { z } from 'zod';
import type { Fixtures } from './fixtures.ts';
import { partyIds } from './operations/authorised-parties.ts';
import { consumerClaim, exchangedClaims, type IssuerName, issuerNames } from './tokens.ts';

const endUserScope = 'digdir:dialogporten';
const serviceOwnerScopes = 'digdir:dialogporten.serviceprovider digdir:dialogporten.serviceprovider.search';

const orgNumber = z.string().regex(/^\d{9}$/, 'must be nine digits');

/** Whose token is asked for: at most one of `org`, `pid`, `email` and `systemuser`. */
export const subjectQuery = z
  .strictObject({
    org: z.string(),
    pid: z.string(),
    email: z.string(),
    systemuser: z.string(),
    level: z.literal(['0', '3', '4']),
    details: z.literal(['array', 'object']),
    supplier: orgNumber,
    scope: z.string(),
    issuer: z.literal(issuerNames),
  })
  .partial();
type SubjectQuery = z.infer<typeof subjectQuery>;

/** Why there is no such token. */
export class NoSuchToken extends Error {
  override name = 'NoSuchToken';
  readonly status: 400 | 404;

  constructor(status: 400 | 404, message: string) {
    super(message);
    this.status = status;
  }
}

type Minted = { issuer: IssuerName; claims: JWTPayload };

/**
 * The claims of a token as its issuer would make it, without those that every token has.
 *
 * @throws NoSuchToken for somebody whom no file knows, and for an issuer that knows nobody of the kind
 */
export async function mintedClaims(fixtures: Fixtures, query: SubjectQuery): Promise<Minted> {
  const { org, pid, email, systemuser } = query;
  const asked = [org, pid, email, systemuser].filter((one) => one !== undefined);
  if (asked.length > 1) throw new NoSuchToken(400, 'org, pid, email and systemuser exclude each other.');
  const { issuer, claims } = await claimsOfAsked(fixtures, query);
  const supplier = query.supplier === undefined ? {} : { supplier: consumerClaim(query.supplier) };
  return { issuer, claims: { ...claims, ...supplier } };
}

function claimsOfAsked(fixtures: Fixtures, query: SubjectQuery): Promise<Minted> {
  const { org = 'ttd', pid, email, systemuser } = query;
  if (pid !== undefined) return person(fixtures, query, pid);
  if (email !== undefined) return emailUser(fixtures, query, email);
  if (systemuser !== undefined) return systemUser(fixtures, query, systemuser);
  return serviceOwner(fixtures, query, org);
}

async function serviceOwner({ serviceOwners }: Fixtures, query: SubjectQuery, org: string): Promise<Minted> {
  const { scope = serviceOwnerScopes } = query;
  const { orgs } = await serviceOwners();
  const number = orgs[org]?.orgnr;
  if (number === undefined) throw new NoSuchToken(404, `No such org; there are ${Object.keys(orgs).join(', ')}.`);
  const issuer = oneOf(['altinn', 'maskinporten'], query);
  const claims = issuer === 'altinn' ? exchangedClaims(number, org, scope) : { scope, consumer: consumerClaim(number) };
  return { issuer, claims };
}

const loginMethods = {
  0: { acr: 'idporten-loa-low', method: 'Passport' },
  3: { acr: 'idporten-loa-substantial', method: 'Minid-PIN' },
  4: { acr: 'idporten-loa-high', method: 'BankID' },
} as const;

async function person(fixtures: Fixtures, query: SubjectQuery, pid: string): Promise<Minted> {
  const { scope = endUserScope, level = '4' } = query;
  const { acr, method } = loginMethods[level];
  const urn = `urn:altinn:person:identifier-no:${pid}`;
  if (oneOf(['idporten', 'altinn'], query) === 'idporten') {
    return { issuer: 'idporten', claims: { scope, pid, acr, amr: [method] } };
  }
  const account = await accountClaims(fixtures, urn, method, Number(level));
  return { issuer: 'altinn', claims: { scope, pid, ...account } };
}

const selfRegistered = 'Selfregistered-email';

async function emailUser(fixtures: Fixtures, query: SubjectQuery, email: string): Promise<Minted> {
  const { scope = endUserScope } = query;
  const claims = { scope, email, amr: [selfRegistered] };
  if (oneOf(['idporten', 'altinn'], query) === 'idporten') {
    return { issuer: 'idporten', claims: { ...claims, acr: 'selfregistered-email' } };
  }
  const urn = `urn:altinn:person:idporten-email:${email.toLowerCase()}`;
  return { issuer: 'altinn', claims: { ...claims, ...(await accountClaims(fixtures, urn, selfRegistered, 0)) } };
}

/** What Altinn adds for somebody who has logged in there. */
async function accountClaims({ users }: Fixtures, urn: string, method: string, level: number): Promise<JWTPayload> {
  const known = await users();
  const account = known.find((user) => user.urn === urn);
  if (account === undefined) {
    throw new NoSuchToken(404, `No such user; there are ${known.map((user) => user.urn).join(', ')}.`);
  }
  const { partyId, partyUuid } = partyIds(urn);
  return {
    'urn:altinn:userid': account.userId,
    'urn:altinn:username': account.username,
    'urn:altinn:partyid': partyId,
    'urn:altinn:party:uuid': partyUuid,
    'urn:altinn:authenticatemethod': method,
    'urn:altinn:authlevel': level,
  };
}

async function systemUser({ systemUsers }: Fixtures, query: SubjectQuery, id: string): Promise<Minted> {
  const { scope = endUserScope } = query;
  const known = await systemUsers();
  const found = known.find(({ urn }) => urn.endsWith(`:${id.toLowerCase()}`));
  if (found === undefined) {
    throw new NoSuchToken(404, `No such system user; there are ${known.map(({ urn }) => urn).join(', ')}.`);
  }
  const issuer = oneOf(['maskinporten', 'altinn'], query);
  const detail = {
    type: 'urn:altinn:systemuser',
    systemuser_id: [id],
    systemuser_org: consumerClaim(found.owner),
    system_id: found.systemId,
  };
  // The exchange makes an object of a list with one element.
  const { details = issuer === 'altinn' ? 'object' : 'array' } = query;
  const own =
    issuer === 'altinn'
      ? exchangedClaims(found.consumer, undefined, scope)
      : { scope, consumer: consumerClaim(found.consumer) };
  return { issuer, claims: { ...own, authorization_details: details === 'array' ? [detail] : detail } };
}

/** The issuer that is asked for, if it gives such tokens; the first of those that do, if none is asked for. */
function oneOf(possible: readonly [IssuerName, IssuerName], { issuer = possible[0] }: SubjectQuery): IssuerName {
  if (possible.includes(issuer)) return issuer;
  throw new NoSuchToken(400, `${issuer} gives no such token; ${possible.join(' and ')} do.`);
}
