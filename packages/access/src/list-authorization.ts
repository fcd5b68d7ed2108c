import { parseInstanceReference } from './instance-reference.ts';
import type { AuthorisedParties, AuthorisedParty } from './platform/authorised-parties.ts';

/** What an end user may find in lists: service resources by party, and single dialogs. All in lower case. */
export type ListAuthorization = {
  resourcesByParty: ReadonlyMap<string, ReadonlySet<string>>;
  dialogIds: ReadonlySet<string>;
};

/** Whom it is about, and what is asked for; an empty list leaves nothing out. URNs. */
export type ListQuestion = {
  caller: string;
  parties: readonly string[];
  resources: readonly string[];
  /**
   * When resources are left out that a party has no dialogs of: `when-many`, the default, where it saves a search work,
   * `always` for those who show the resources themselves, `never` for those who ask for rights alone.
   */
  prune?: 'when-many' | 'always' | 'never';
};

/** What a right to see a dialog in a list goes by. */
export type ListedDialog = { id: string; party: string; serviceResource: string };

/** Service resources by the role or access package that gives something on them. URNs in lower case. */
export type SubjectResources = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * What persons may find in lists (authorization, section 8). Which actions somebody may take does not count: any right
 * on a resource is enough to be shown its dialogs.
 */
export type ListAuthorizations = {
  /** @throws UpstreamFailure when the platform has to be asked and is away */
  listAuthorization: (question: ListQuestion) => Promise<ListAuthorization>;
};

/** Parties that have dialogs of the very same service resources. URNs in lower case. */
export type ResourcesInUse = { parties: readonly string[]; resources: readonly string[] };

type Deps = {
  authorisedParties: AuthorisedParties;
  subjectResources: () => Promise<SubjectResources>;
  /** Ids of the dialogs that have at least one of these service owner labels. */
  dialogsLabelled: (labels: readonly string[]) => Promise<readonly string[]>;
  /** Of some parties and service resources, which parties have dialogs of which; each party once, or not at all. */
  resourcesInUse: (parties: readonly string[], resources: readonly string[]) => Promise<readonly ResourcesInUse[]>;
};

export type ListSettings = {
  /** Distinct service resources over all parties, and parties, above which what is not in use is left out. */
  resourcesUnprunedMax: number;
  /** A look-up for each party: for a thousand with a few resources it takes as long as it saves. */
  partiesUnprunedMax: number;
};
export const listSettingsDefault: ListSettings = { resourcesUnprunedMax: 5, partiesUnprunedMax: 2_000 };

export function createListAuthorizations(
  deps: Deps,
  { resourcesUnprunedMax, partiesUnprunedMax }: ListSettings = listSettingsDefault,
): ListAuthorizations {
  return {
    async listAuthorization({ caller, parties, resources, prune = 'when-many' }) {
      const [authorised, subjectResources] = await Promise.all([
        deps.authorisedParties(caller, parties),
        deps.subjectResources(),
      ]);
      const { dialogIds, labels, resourcesByParty } = authorisedInLists(authorised, subjectResources, {
        parties,
        resources,
      });
      const distinct = distinctResources(resourcesByParty);
      const isMany = distinct.size > resourcesUnprunedMax || resourcesByParty.size > partiesUnprunedMax;
      const isPruned = distinct.size > 0 && prune !== 'never' && (isMany || prune === 'always');
      const [labelled, inUse] = await Promise.all([
        labels.size === 0 ? [] : deps.dialogsLabelled([...labels]),
        isPruned ? deps.resourcesInUse([...resourcesByParty.keys()], [...distinct]) : undefined,
      ]);
      return {
        resourcesByParty: inUse === undefined ? resourcesByParty : pruned(resourcesByParty, inUse),
        dialogIds: new Set([...dialogIds, ...labelled]),
      };
    },
  };
}

function distinctResources(resourcesByParty: ListAuthorization['resourcesByParty']): ReadonlySet<string> {
  // Parties with the same roles have the very same set.
  return new Set([...new Set(resourcesByParty.values())].flatMap((resources) => [...resources]));
}

/** What is both granted and in use; parties with the same of both have the same set again. */
function pruned(
  granted: ListAuthorization['resourcesByParty'],
  inUse: readonly ResourcesInUse[],
): ListAuthorization['resourcesByParty'] {
  const left = new Map<string, ReadonlySet<string>>();
  for (const { parties, resources } of inUse) {
    const used = new Set(resources);
    const leftOf = new Map<ReadonlySet<string>, ReadonlySet<string>>();
    for (const party of parties) {
      const all = granted.get(party);
      if (all === undefined) continue;
      const both = leftOf.get(all) ?? new Set([...all].filter((resource) => used.has(resource)));
      leftOf.set(all, both);
      if (both.size > 0) left.set(party, both);
    }
  }
  return left;
}

/** Whether a dialog is among those that may be listed. */
export function isListed(
  { resourcesByParty, dialogIds }: ListAuthorization,
  { id, party, serviceResource }: ListedDialog,
): boolean {
  return (
    resourcesByParty.get(party.toLowerCase())?.has(serviceResource.toLowerCase()) === true ||
    dialogIds.has(id.toLowerCase())
  );
}

/** As {@link ListAuthorization}, with the labels by which more dialogs are to be found. */
export type AuthorisedInLists = ListAuthorization & { labels: ReadonlySet<string> };

/**
 * Turns whom somebody may act for, and by which roles, into what may be listed. Linear in the number of parties, of
 * which there can be tens of thousands; most of them have the same roles as the one before.
 */
export function authorisedInLists(
  authorised: readonly AuthorisedParty[],
  subjectResources: SubjectResources,
  asked: Pick<ListQuestion, 'parties' | 'resources'>,
): AuthorisedInLists {
  const wantedParties = lowerCased(asked.parties);
  const wantedResources = lowerCased(asked.resources);
  const isWanted = (resource: string) => wantedResources.size === 0 || wantedResources.has(resource);
  const bySubjects = new Map<string, ReadonlySet<string>>();
  const resourcesByParty = new Map<string, ReadonlySet<string>>();
  const dialogIds = new Set<string>();
  const labels = new Set<string>();

  for (const { party, subjects, resources, instances } of authorised) {
    if (wantedParties.size === 0 || wantedParties.has(party)) {
      const more = [...resources.filter(isWanted), ...(resourcesByParty.get(party) ?? [])];
      const granted = more.length === 0 ? grantedBy(subjects) : new Set([...grantedBy(subjects), ...more]);
      if (granted.size > 0) resourcesByParty.set(party, granted);
    }
    for (const { resource, reference } of instances) {
      if (reference === null || !isWanted(resource)) continue;
      const found = parseInstanceReference(reference);
      if (found?.kind === 'dialog') dialogIds.add(found.dialogId);
      // Its own form is as good a label as the one that Altinn's storage writes.
      if (found?.kind === 'label') labels.add(found.label).add(reference);
    }
  }
  return { resourcesByParty, dialogIds, labels };

  function grantedBy(subjects: readonly string[]): ReadonlySet<string> {
    const key = subjects.join();
    const known = bySubjects.get(key);
    if (known !== undefined) return known;
    const granted = new Set(subjects.flatMap((subject) => [...(subjectResources.get(subject) ?? [])]).filter(isWanted));
    bySubjects.set(key, granted);
    return granted;
  }
}

function lowerCased(urns: readonly string[]): ReadonlySet<string> {
  return new Set(urns.map((urn) => urn.toLowerCase()));
}
