import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { AuthorisedParties, Fixtures, Unit } from '../fixtures.ts';
import type { KeyRing } from '../keys.ts';
import { registerOddity } from '../oddities.ts';
import type { EmulatorApp, Operation } from '../operations.ts';
import { refusal } from './bearer.ts';

const scope = 'altinn:accessmanagement/authorizedparties.admin';
const question = z.object({
  type: z.string(),
  value: z.string(),
  partyFilter: z.array(z.object({ Type: z.string(), Value: z.string() })),
});

/** Roles from the time of the old platform may come along although nobody asks for roles. */
const oddity = z.strictObject({ unaskedRoles: z.boolean().default(false) });

type Party = AuthorisedParties[number]['parties'][number];

/**
 * Access management's list of whom a user may act for. Needs a platform token with its scope (403) and a subscription
 * key (401). A person whom the file does not know acts for itself alone. A filter is not applied for system users.
 *
 * `POST /emulator/authorised-parties` with `unaskedRoles` makes it tell roles that were not asked for; `DELETE` ends that.
 */
export function registerAuthorisedParties(
  app: EmulatorApp,
  operation: Operation,
  deps: { fixtures: Fixtures; keyRing: KeyRing; baseUrl: string },
): void {
  const odd = registerOddity(app, '/emulator/authorised-parties', oddity);
  const path = '/accessmanagement/api/v1/resourceowner/authorizedparties';
  operation('authorised-parties', 'POST', path, async (c) => {
    const refused = await refusal(deps, c, scope);
    if (refused !== undefined) return refused;
    const asked = question.safeParse(await c.req.json());
    if (!asked.success) return c.text(z.prettifyError(asked.error), 400);

    const { type, value, partyFilter } = asked.data;
    const includes = (name: string) => c.req.query(name)?.toLowerCase() === 'true';
    const filter = new Set(partyFilter.map((party) => `${party.Type}:${party.Value}`));
    const parties = await partiesOf(deps.fixtures, `${type}:${value}`);
    const kept = filter.size === 0 || type === 'urn:altinn:systemuser:uuid' ? parties : filtered(parties, filter);
    return c.json(kept.map(({ subunits, ...unit }) => ({ ...wire(unit), subunits: subunits.map(wire) })));

    function wire(unit: Unit) {
      const shown = unit.hierarchyOnly ? { ...unit, ...noRights } : unit;
      return {
        ...identityOf(unit),
        isDeleted: unit.isDeleted,
        onlyHierarchyElementWithNoAccess: unit.hierarchyOnly,
        authorizedAccessPackages: includes('includeAccessPackages') ? shown.accessPackages : [],
        authorizedResources: includes('includeResources') ? shown.resources : [],
        authorizedRoles: odd().unaskedRoles || includes('includeRoles') ? shown.roles : [],
        authorizedInstances: includes('includeInstances') ? shown.instances : [],
        subunits: [],
      };
    }
  });
}

const noRights = { roles: [], accessPackages: [], resources: [], instances: [] };

/** What somebody has at its own party, by kind of user. A system user is no party. */
const ownRoles = new Map([
  ['urn:altinn:person:identifier-no', 'PRIV'],
  ['urn:altinn:person:idporten-email', 'SELN'],
  ['urn:altinn:person:legacy-selfidentified', 'SELN'],
]);

/** Whom a user may act for, the made-up ones included. */
export async function partiesOf(
  { authorisedParties, parties }: Pick<Fixtures, 'authorisedParties' | 'parties'>,
  user: string,
): Promise<Party[]> {
  const known = (await authorisedParties()).find((one) => one.user === user);
  if (known !== undefined) return [...known.parties, ...generated(known.generated)];
  const ownRole = ownRoles.get(user.slice(0, user.lastIndexOf(':')));
  if (ownRole === undefined) return [];
  const name = (await parties()).find(({ urn }) => urn === user)?.displayName ?? 'Ukjent';
  return [partyWith(user, name, [ownRole])];
}

/** What is in the filter; a unit that is not stays, without rights, where a sub-unit is. */
function filtered(parties: readonly Party[], filter: ReadonlySet<string>): Party[] {
  return parties.flatMap((party) => {
    const subunits = party.subunits.filter((unit) => filter.has(unit.party));
    if (filter.has(party.party)) return [{ ...party, subunits }];
    return subunits.length === 0 ? [] : [{ ...party, subunits, hierarchyOnly: true }];
  });
}

function* generated(count: number): Generator<Party> {
  for (let number = 0, made = 0; made < count; number += 1) {
    const digits = `314${String(number).padStart(5, '0')}`;
    const control = controlDigit(digits);
    if (control === 10) continue;
    made += 1;
    yield partyWith(`urn:altinn:organization:identifier-no:${digits}${control}`, `Selskap ${made} AS`, ['DAGL']);
  }
}

function partyWith(party: string, name: string, roles: string[]): Party {
  return { party, name, ...noRights, roles, isDeleted: false, hierarchyOnly: false, subunits: [] };
}

const weights = [3, 2, 7, 6, 5, 4, 3, 2];

function controlDigit(digits: string): number {
  const sum = weights.reduce((total, weight, index) => total + weight * Number(digits[index]), 0);
  return (11 - (sum % 11)) % 11;
}

/** Who a unit is, in the members in which the platform tells it. Its ids follow from its URN. */
function identityOf({ party, name }: Unit) {
  const kind = party.slice(0, party.lastIndexOf(':'));
  const value = party.slice(party.lastIndexOf(':') + 1);
  const isPerson = kind === 'urn:altinn:person:identifier-no';
  const isOrganisation = kind === 'urn:altinn:organization:identifier-no';
  return {
    name,
    organizationNumber: isOrganisation ? value : null,
    personId: isPerson ? value : null,
    emailId: kind === 'urn:altinn:person:idporten-email' ? value : null,
    dateOfBirth: null,
    ...partyIds(party),
    type: isPerson ? 'Person' : isOrganisation ? 'Organization' : 'SelfIdentified',
    unitType: isOrganisation ? 'AS' : null,
  };
}

/** What a party is called besides its URN; the same at every start. */
export function partyIds(urn: string): { partyId: number; partyUuid: string } {
  const digest = createHash('sha1').update(urn).digest('hex');
  return {
    partyId: 50_000_000 + (Number.parseInt(digest.slice(0, 6), 16) % 10_000_000),
    partyUuid: digest.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-5$3-8$4-$5'),
  };
}
