import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  authorisedInLists,
  createListAuthorizations,
  isListed,
  type ListedDialog,
  type ListSettings,
} from './list-authorization.ts';
import type { AuthorisedParty } from './platform/authorised-parties.ts';

const kari = 'urn:altinn:person:identifier-no:01817030080';
const fish = 'urn:altinn:organization:identifier-no:313007103';
const north = 'urn:altinn:organization:identifier-no:313007200';
const permit = 'urn:altinn:resource:ttd-building-permit';
const report = 'urn:altinn:resource:ttd-catch-report';
const letter = 'urn:altinn:resource:ttd-correspondence';
const dagl = 'urn:altinn:rolecode:dagl';
const fishing = 'urn:altinn:accesspackage:fiske';
const dialogId = '019c2a6e-5a10-7d2b-9d51-b9a6c0f0a111';

const subjectResources = new Map([
  [dagl, new Set([permit, letter])],
  [fishing, new Set([report])],
]);
const everything = { parties: [], resources: [] };

function at(party: string, more: Partial<AuthorisedParty> = {}): AuthorisedParty {
  return { party, name: 'Any', subjects: [], resources: [], instances: [], ...more };
}

function listed(parties: AuthorisedParty[], asked: { parties: string[]; resources: string[] } = everything) {
  const { resourcesByParty, dialogIds, labels } = authorisedInLists(parties, subjectResources, asked);
  return {
    byParty: Object.fromEntries([...resourcesByParty].map(([party, resources]) => [party, [...resources].sort()])),
    dialogIds: [...dialogIds],
    labels: [...labels],
  };
}

it('gives what roles, access packages and delegations of a resource give', () => {
  const { byParty } = listed([
    at(fish, { subjects: [dagl, 'urn:altinn:rolecode:unknown'], resources: [report] }),
    at(north, { subjects: [fishing] }),
    at(kari),
  ]);
  expect(byParty).toEqual({ [fish]: [permit, report, letter].sort(), [north]: [report] });
});

it('keeps to the parties and resources that are asked for, whatever their letter case', () => {
  const parties = [at(fish, { subjects: [dagl], resources: [report] }), at(north, { subjects: [fishing, dagl] })];
  const asked = { parties: [fish.toUpperCase()], resources: [permit.toUpperCase()] };
  expect(listed(parties, asked).byParty).toEqual({ [fish]: [permit] });
  expect(listed(parties, { parties: [], resources: [report] }).byParty).toEqual({
    [fish]: [report],
    [north]: [report],
  });
  expect(listed(parties, { parties: [fish], resources: ['urn:altinn:resource:other'] }).byParty).toEqual({});
});

it('adds up what a party has in two places', () => {
  expect(listed([at(fish, { subjects: [fishing] }), at(fish, { resources: [permit] })]).byParty).toEqual({
    [fish]: [permit, report].sort(),
  });
});

it('finds delegated instances in all their forms, also at parties that were not asked for', () => {
  const uuid = '3b6e2f6a-9f0d-4a52-8f6e-1c2d3e4f5a6b';
  const instances = [
    { resource: permit, reference: `urn:altinn:dialog-id:${dialogId}` },
    { resource: permit, reference: `urn:altinn:instance-id:50081234/${uuid}` },
    { resource: letter, reference: `urn:altinn:correspondence-id:${uuid}` },
    { resource: report, reference: `urn:altinn:dialog-id:${uuid}` },
    { resource: permit, reference: `urn:altinn:instance-id:0/${uuid}` },
    { resource: permit, reference: 'nonsense' },
  ];
  expect(listed([at(fish, { instances })], { parties: [north], resources: [permit, letter] })).toEqual({
    byParty: {},
    dialogIds: [dialogId],
    labels: [
      `urn:altinn:integration:storage:50081234/${uuid}`,
      `urn:altinn:instance-id:50081234/${uuid}`,
      `urn:altinn:correspondence-id:${uuid}`,
    ],
  });
});

it('takes time in proportion to the parties', () => {
  const parties = Array.from({ length: 100_000 }, (_, number) => at(`urn:party:${number}`, { subjects: [dagl] }));
  expect(authorisedInLists(parties, subjectResources, everything).resourcesByParty.size).toBe(100_000);
});

it('looks up dialogs by label, and tells of one dialog whether it is listed', async () => {
  const asked: unknown[] = [];
  const { listAuthorization } = createListAuthorizations({
    authorisedParties: async (person, parties) => {
      asked.push([person, parties]);
      const reference = `urn:altinn:correspondence-id:${dialogId}`;
      return [at(fish, { subjects: [dagl], instances: [{ resource: report, reference }] })];
    },
    subjectResources: async () => subjectResources,
    dialogsLabelled: async (labels) => (labels.length === 1 ? [dialogId] : []),
    resourcesInUse: async () => [],
  });
  const mayList = async (dialog: ListedDialog) => {
    const question = { caller: kari, parties: [dialog.party], resources: [dialog.serviceResource] };
    return isListed(await listAuthorization(question), dialog);
  };
  const dialog = { id: '019c2a6e-5a10-7d2b-9d51-b9a6c0f0a112', party: fish, serviceResource: permit };
  expect(await mayList(dialog)).toBe(true);
  expect(asked).toEqual([[kari, [fish]]]);
  expect(await mayList({ ...dialog, serviceResource: report })).toBe(false);
  expect(await mayList({ ...dialog, serviceResource: report, id: dialogId })).toBe(true);
  expect(await mayList({ ...dialog, party: north })).toBe(false);
  const all = await listAuthorization({ caller: kari, parties: [], resources: [] });
  expect(isListed(all, { ...dialog, serviceResource: letter })).toBe(true);
});

describe('resources that no dialog of the party is of', () => {
  type Pair = Pick<ListedDialog, 'party' | 'serviceResource'>;

  function listsOf(authorised: readonly AuthorisedParty[], dialogs: readonly Pair[], settings?: ListSettings) {
    const asked: unknown[] = [];
    const lists = createListAuthorizations(
      {
        authorisedParties: async () => authorised,
        subjectResources: async () => subjectResources,
        dialogsLabelled: async () => [],
        resourcesInUse: async (parties, resources) => {
          asked.push([parties, [...resources].sort()]);
          return [...new Set(dialogs.map((dialog) => dialog.party))].map((party) => ({
            parties: [party],
            resources: dialogs.filter((dialog) => dialog.party === party).map((dialog) => dialog.serviceResource),
          }));
        },
      },
      settings,
    );
    return { lists, asked };
  }

  const five = Array.from({ length: 5 }, (_, index) => `urn:altinn:resource:r${index}`);

  it('are left out above five resources', async () => {
    const question = { caller: kari, parties: [], resources: [] };
    const dialogs = [{ party: fish, serviceResource: permit }];
    const few = listsOf([at(fish, { resources: five.slice(1) }), at(north, { resources: [permit] })], dialogs);
    expect((await few.lists.listAuthorization(question)).resourcesByParty.size).toBe(2);
    expect(few.asked).toEqual([]);

    const many = listsOf([at(fish, { resources: [...five, permit] }), at(north, { resources: [permit] })], dialogs);
    const { resourcesByParty } = await many.lists.listAuthorization(question);
    expect([...resourcesByParty]).toEqual([[fish, new Set([permit])]]);
    expect(many.asked).toEqual([[[fish, north], [...five, permit].sort()]]);
  });

  it('are left out of a single one, for those who show the resources', async () => {
    const { lists } = listsOf([at(fish, { resources: [permit] })], []);
    const question = { caller: kari, parties: [], resources: [], prune: 'always' as const };
    expect((await lists.listAuthorization(question)).resourcesByParty.size).toBe(0);
  });

  it('are left out of a single one for thousands of parties', async () => {
    const parties = Array.from({ length: 2_001 }, (_, number) => at(`urn:party:${number}`, { resources: [permit] }));
    const dialogs = [{ party: 'urn:party:7', serviceResource: permit }];
    const found = async (units: AuthorisedParty[]) => {
      const question = { caller: kari, parties: [], resources: [] };
      return (await listsOf(units, dialogs).lists.listAuthorization(question)).resourcesByParty.size;
    };
    expect([await found(parties), await found(parties.slice(1))]).toEqual([1, 2_000]);
  });

  it('are missed by nobody', async () => {
    const party = fc.constantFrom(kari, fish, north);
    const resource = fc.constantFrom(...five, permit, report, letter);
    const authorised = fc.record({
      party,
      resources: fc.uniqueArray(resource),
      subjects: fc.subarray([dagl, fishing]),
    });
    const never = { resourcesUnprunedMax: Number.POSITIVE_INFINITY, partiesUnprunedMax: Number.POSITIVE_INFINITY };
    const always = { resourcesUnprunedMax: 0, partiesUnprunedMax: 0 };
    const pairs = fc.array(fc.record({ party, serviceResource: resource }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(authorised),
        pairs,
        fc.subarray([permit, ...five]),
        async (units, dialogs, resources) => {
          const parties = units.map(({ party: of, ...more }) => at(of, more));
          const question = { caller: kari, parties: [], resources };
          const whole = await listsOf(parties, dialogs, never).lists.listAuthorization(question);
          const cut = await listsOf(parties, dialogs, always).lists.listAuthorization(question);
          const listed = (of: typeof whole) => dialogs.filter((dialog) => isListed(of, { id: dialogId, ...dialog }));
          expect(listed(cut)).toEqual(listed(whole));
          expect([...cut.resourcesByParty.keys()].filter((of) => dialogs.every((one) => one.party !== of))).toEqual([]);
        },
      ),
    );
  });
});
