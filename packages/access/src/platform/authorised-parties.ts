import type { Logger } from '@dialog/telemetry/logger';
import { z } from 'zod';
import { UpstreamFailure } from '../upstream-failure.ts';
import { type CacheSettings, createFreshCache, uncached } from './fresh-cache.ts';
import type { RememberName } from './party-names.ts';
import type { PlatformCall } from './platform-call.ts';

/** One whom an end user may act for, and what makes that so. Everything but the name is in lower case. */
export type AuthorisedParty = {
  /** URN, in the form of a dialog's party. */
  party: string;
  name: string;
  /** URNs of the roles and access packages that the end user has at the party. */
  subjects: readonly string[];
  /** URNs of service resources that were delegated one by one. */
  resources: readonly string[];
  /** Single cases that were delegated. `reference` is what the delegation names, in whatever form; null: it is not told. */
  instances: readonly { resource: string; reference: string | null }[];
};

/**
 * Whom an end user may act for: those among `parties`, or all when none is named. Sub-units come beside the unit that
 * they belong to. Of system users and e-mail users the platform tells all, whoever is named.
 *
 * @throws UpstreamFailure when there is no answer, or one without anybody where nobody was left out: everybody but a
 *   system user represents at least itself
 */
export type AuthorisedParties = (endUser: string, parties: readonly string[]) => Promise<readonly AuthorisedParty[]>;

export const systemUser = 'urn:altinn:systemuser:uuid:';
export const emailUser = 'urn:altinn:person:idporten-email:';
/** For these the platform does not know how to filter (authorization, section 8.2). */
const unfiltered = [systemUser, emailUser];

/** Lists of persons who have lost a right are looked at for half an hour at most. */
const cacheDefaults: CacheSettings = {
  freshMs: 15 * 60_000,
  failSafeMs: 30 * 60_000,
  staleWaitMs: 10_000,
  waitMs: 25_000,
  retryAfterMs: 30_000,
  // Parties, of all persons. One is about half a kilobyte, and some persons have tens of thousands.
  entriesMax: 200_000,
};

/** Who a unit of the list is. */
export const unitIdentity = z.object({
  name: z.string(),
  organizationnumber: z.string().nullable(),
  personid: z.string().nullish(),
  emailid: z.string().nullish(),
  type: z.enum(['Organization', 'Person', 'SelfIdentified']),
});
type UnitIdentity = z.infer<typeof unitIdentity>;

const unit = unitIdentity.extend({
  onlyhierarchyelementwithnoaccess: z.boolean(),
  authorizedaccesspackages: z.array(z.string()),
  authorizedresources: z.array(z.string()),
  authorizedroles: z.array(z.string()),
  authorizedinstances: z.array(z.object({ resourceid: z.string(), instanceref: z.string().nullish() })),
});
type Unit = z.infer<typeof unit>;
const answer = z.array(unit.extend({ subunits: z.array(unit) }));

const operation = 'authorised parties';
const path =
  '/accessmanagement/api/v1/resourceowner/authorizedparties?includeAltinn2=true' +
  '&includeAccessPackages=true&includeRoles=true&includeResources=true&includeInstances=true';
const question = z.tuple([z.string(), z.array(z.string())]);

type Deps = { call: PlatformCall; rememberName: RememberName; log: Logger; cache?: Partial<CacheSettings> };

export function createAuthorisedParties({ call, rememberName, log, cache }: Deps): AuthorisedParties {
  const weigh = (parties: readonly AuthorisedParty[]) => Math.max(1, parties.length);
  const settings = { ...cacheDefaults, ...cache, log, weigh };
  const lists = createFreshCache(operation, load, settings);
  // Whom an e-mail user may act for is not kept (authorization, section 12).
  const listsOfEmailUsers = createFreshCache(operation, load, { ...settings, ...uncached });

  return async (endUser, parties) => {
    const user = endUser.toLowerCase();
    const named = unfiltered.some((prefix) => user.startsWith(prefix)) ? [] : parties;
    const filter = [...new Set(named.map((party) => party.toLowerCase()))].sort();
    const from = user.startsWith(emailUser) ? listsOfEmailUsers : lists;
    return (await from.get(JSON.stringify([user, filter]))) ?? [];
  };

  async function load(key: string): Promise<readonly AuthorisedParty[]> {
    const [user, filter] = question.parse(JSON.parse(key));
    const { name: type, value } = splitUrn(user);
    const partyFilter = filter.map(splitUrn).map((party) => ({ Type: party.name, Value: party.value }));
    const units = await call(operation, path, JSON.stringify({ type, value, partyFilter }), answer);
    if (units.length === 0 && filter.length === 0 && !user.startsWith(systemUser)) {
      throw new UpstreamFailure(operation, 'the answer has nobody in it');
    }
    const parties = units.flatMap((one) => [one, ...one.subunits]).flatMap(authorisedParty);
    const self = parties.find(({ party }) => party === user);
    // Who searches will open something next, and then has to have a name.
    if (self !== undefined) rememberName(self.party, self.name);
    return parties;
  }
}

/** A unit that is there to show the hierarchy gives no rights. */
function authorisedParty(one: Unit): AuthorisedParty[] {
  if (one.onlyhierarchyelementwithnoaccess) return [];
  return [
    {
      party: partyOf(one).toLowerCase(),
      name: one.name,
      subjects: [
        ...one.authorizedroles.map((code) => `urn:altinn:rolecode:${code.toLowerCase()}`),
        ...one.authorizedaccesspackages.map((id) => `urn:altinn:accesspackage:${id.toLowerCase()}`),
      ],
      resources: one.authorizedresources.map(resourceUrn),
      instances: one.authorizedinstances.map(({ resourceid, instanceref }) => ({
        ...{ resource: resourceUrn(resourceid), reference: instanceref?.toLowerCase() ?? null },
      })),
    },
  ];
}

/** The URN of a unit. */
export function partyOf({ type, name, organizationnumber, personid, emailid }: UnitIdentity): string {
  switch (type) {
    case 'Organization':
      return `urn:altinn:organization:identifier-no:${organizationnumber ?? ''}`;
    case 'Person':
      return `urn:altinn:person:identifier-no:${personid ?? ''}`;
    case 'SelfIdentified':
      return emailid
        ? `urn:altinn:person:idporten-email:${emailid}`
        : `urn:altinn:person:legacy-selfidentified:${name}`;
  }
}

function resourceUrn(id: string): string {
  return `urn:altinn:resource:${id.toLowerCase()}`;
}

/** A URN in the two parts in which the platform wants it: what comes before the last colon, and what comes after. */
export function splitUrn(urn: string): { name: string; value: string } {
  const colon = urn.lastIndexOf(':');
  return { name: urn.slice(0, colon), value: urn.slice(colon + 1) };
}
