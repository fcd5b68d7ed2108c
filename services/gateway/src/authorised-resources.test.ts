import type { ListQuestion } from '@dialog/access/list-authorization';
import type { RepresentedParty, RepresentedUnit } from '@dialog/access/platform/represented-parties';
import { createLogger } from '@dialog/telemetry/logger';
import { expect, it } from 'vitest';
import { createAuthorisedResources } from './authorised-resources.ts';

const kari = 'urn:altinn:person:identifier-no:01817030080';
const fish = 'urn:altinn:organization:identifier-no:313007103';
const north = 'urn:altinn:organization:identifier-no:313007200';
const [permit, report] = ['urn:altinn:resource:ttd-building-permit', 'urn:altinn:resource:ttd-catch-report'];
const log = createLogger('gateway', 'silent');

function unit(party: string, hierarchyOnly = false): RepresentedParty {
  return {
    ...{ party, partyUuid: party, partyId: 1, name: 'Any', partyType: 'Organization', dateOfBirth: undefined },
    ...{ isDeleted: false, roles: [], hierarchyOnly },
  };
}

function resourcesOf(units: readonly RepresentedUnit[], exactListPartiesMax: number) {
  const asked: ListQuestion[] = [];
  const authorised = createAuthorisedResources(
    {
      lists: {
        async listAuthorization(question) {
          asked.push(question);
          const resourcesByParty = new Map([
            [fish, new Set([permit, report])],
            [north, new Set([permit])],
          ]);
          return { resourcesByParty, dialogIds: new Set([kari]) };
        },
      },
      representedParties: async () => units,
      log,
    },
    { exactListPartiesMax },
  );
  return { authorised, asked };
}

it('are those of all parties, each once, as the parties use them', async () => {
  const { authorised, asked } = resourcesOf([], 0);
  expect([...(await authorised(kari, []))].sort()).toEqual([permit, report]);
  expect(asked).toEqual([{ caller: kari, parties: [], resources: [], prune: 'always' }]);
});

it('are kept for each end user and each set of parties', async () => {
  const { authorised, asked } = resourcesOf([], 0);
  await authorised(kari, [fish, north]);
  await authorised(kari, [north, fish, north]);
  expect(asked.map(({ parties }) => parties)).toEqual([[fish, north]]);
  await authorised(kari, [fish]);
  await authorised(kari, []);
  await authorised(fish, []);
  expect(asked).toHaveLength(4);
});

it('are not told for too many parties, unless some are named', async () => {
  const [, ...hidden] = [0, 1, 2].map((number) => ({ ...unit(`urn:party:${number}`, true), subParties: [] }));
  const units = [{ ...unit(fish), subParties: [unit(north)] }, ...hidden];
  const few = resourcesOf(units, 2);
  expect(await few.authorised(kari, [])).toHaveLength(2);

  const many = resourcesOf(units, 1);
  expect(await many.authorised(kari, [])).toBe('all');
  expect(many.asked).toEqual([]);
  expect(await many.authorised(kari, [fish])).toHaveLength(2);
});
