import type { Logger } from '@dialog/telemetry/logger';
import { z } from 'zod';
import { UpstreamFailure } from '../upstream-failure.ts';
import { emailUser, partyOf, splitUrn, systemUser, unitIdentity } from './authorised-parties.ts';
import { type CacheSettings, createFreshCache, uncached } from './fresh-cache.ts';
import type { RememberName } from './party-names.ts';
import type { PlatformCall } from './platform-call.ts';

/** One whom an end user can represent, as the platform presents them to people. */
export type RepresentedParty = {
  /** URN, in the form of a dialog's party. */
  party: string;
  partyUuid: string;
  partyId: number;
  name: string;
  partyType: 'Organization' | 'Person' | 'SelfIdentified';
  /** `yyyy-MM-dd`. */
  dateOfBirth: string | undefined;
  isDeleted: boolean;
  /** Codes, in upper case. */
  roles: readonly string[];
  /** Whether it is there only because something below it is. */
  hierarchyOnly: boolean;
};

export type RepresentedUnit = RepresentedParty & { subParties: readonly RepresentedParty[] };

/**
 * Whom an end user can represent, as a hierarchy of one level.
 *
 * @throws UpstreamFailure when there is no answer, or one without anybody: everybody but a system user represents at
 *   least itself
 */
export type RepresentedParties = (endUser: string) => Promise<readonly RepresentedUnit[]>;

const cacheDefaults: CacheSettings = {
  freshMs: 15 * 60_000,
  failSafeMs: 30 * 60_000,
  staleWaitMs: 10_000,
  waitMs: 25_000,
  retryAfterMs: 30_000,
  // Parties, of all end users.
  entriesMax: 200_000,
};

const unit = unitIdentity.extend({
  partyuuid: z.string(),
  partyid: z.number(),
  dateofbirth: z.string().nullish(),
  isdeleted: z.boolean(),
  onlyhierarchyelementwithnoaccess: z.boolean(),
  authorizedroles: z.array(z.string()),
});
const answer = z.array(unit.extend({ subunits: z.array(unit) }));

const operation = 'represented parties';
/** Of what is authorised only the roles: some of them are shown. */
const path =
  '/accessmanagement/api/v1/resourceowner/authorizedparties?includeAltinn2=true' +
  '&includeAccessPackages=false&includeRoles=true&includeResources=false&includeInstances=false';

type Deps = { call: PlatformCall; rememberName: RememberName; log: Logger; cache?: Partial<CacheSettings> };

export function createRepresentedParties({ call, rememberName, log, cache }: Deps): RepresentedParties {
  const weigh = (units: readonly RepresentedUnit[]) =>
    units.reduce((sum, { subParties }) => sum + 1 + subParties.length, 1);
  const settings = { ...cacheDefaults, ...cache, log, weigh };
  const lists = createFreshCache(operation, load, settings);
  const listsOfEmailUsers = createFreshCache(operation, load, { ...settings, ...uncached });

  return async (endUser) => {
    const user = endUser.toLowerCase();
    return (await (user.startsWith(emailUser) ? listsOfEmailUsers : lists).get(user)) ?? [];
  };

  async function load(user: string): Promise<readonly RepresentedUnit[]> {
    const { name: type, value } = splitUrn(user);
    const units = await call(operation, path, JSON.stringify({ type, value, partyFilter: [] }), answer);
    if (units.length === 0 && !user.startsWith(systemUser)) {
      throw new UpstreamFailure(operation, 'the answer has nobody in it');
    }
    const parties = units.map(({ subunits, ...one }) => ({
      ...represented(one),
      subParties: subunits.map(represented),
    }));
    const self = parties.find(({ party }) => party === user);
    if (self !== undefined) rememberName(self.party, self.name);
    return parties;
  }
}

function represented(one: z.infer<typeof unit>): RepresentedParty {
  return {
    party: partyOf(one).toLowerCase(),
    partyUuid: one.partyuuid,
    partyId: one.partyid,
    name: one.name,
    partyType: one.type,
    dateOfBirth: one.dateofbirth ?? undefined,
    isDeleted: one.isdeleted,
    roles: one.authorizedroles.map((code) => code.toUpperCase()),
    hierarchyOnly: one.onlyhierarchyelementwithnoaccess,
  };
}
