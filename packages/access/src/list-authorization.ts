import { parseInstanceReference } from './instance-reference.ts';
import type { AuthorisedParties, AuthorisedParty } from './platform/authorised-parties.ts';

/** What an end user may find in lists: service resources by party, and single dialogs. All in lower case. */
export type ListAuthorization = {
  resourcesByParty: ReadonlyMap<string, ReadonlySet<string>>;
  dialogIds: ReadonlySet<string>;
};

/** Whom it is about, and what is asked for; an empty list leaves nothing out. URNs. */
export type ListQuestion = { caller: string; parties: readonly string[]; resources: readonly string[] };

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

type Deps = {
  authorisedParties: AuthorisedParties;
  subjectResources: () => Promise<SubjectResources>;
  /** Ids of the dialogs that have at least one of these service owner labels. */
  dialogsLabelled: (labels: readonly string[]) => Promise<readonly string[]>;
};

export function createListAuthorizations(deps: Deps): ListAuthorizations {
  return {
    async listAuthorization({ caller, parties, resources }) {
      const [authorised, subjectResources] = await Promise.all([
        deps.authorisedParties(caller, parties),
        deps.subjectResources(),
      ]);
      const { dialogIds, labels, resourcesByParty } = authorisedInLists(authorised, subjectResources, {
        parties,
        resources,
      });
      const labelled = labels.size === 0 ? [] : await deps.dialogsLabelled([...labels]);
      return { resourcesByParty, dialogIds: new Set([...dialogIds, ...labelled]) };
    },
  };
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
      if (!isWanted(resource)) continue;
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
