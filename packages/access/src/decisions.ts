import type { PolicyGrant, PolicyQuestion } from '@dialog/contracts/policy-grant';
import type { Logger } from '@dialog/telemetry/logger';
import { TaskCancelledError, TimeoutStrategy, timeout } from 'cockatiel';
import {
  type AuthorisableDialog,
  type AuthorisableParts,
  decisionRequest,
  type Pair,
  type Permissions,
  pairsOf,
  permissionsOf,
  policyQuestionsOf,
} from './details-authorization.ts';
import type { EndUser } from './end-user.ts';
import type { AuthorisedParties } from './platform/authorised-parties.ts';
import type { DecisionPoint } from './platform/decision-point.ts';
import { type Verdict, verdictOf } from './policy-grant.ts';
import { UpstreamFailure } from './upstream-failure.ts';

/** For whom it is decided. */
export type DecisionCaller = Pick<EndUser, 'type' | 'id' | 'decisionSubject' | 'partyId'>;

/** Somebody whom we know by the person's URN alone. */
export function personAsCaller(id: string): DecisionCaller {
  return { type: 'Person', id, decisionSubject: id, partyId: undefined };
}

/** What settled the pairs of one dialog for one caller. */
export const decisionSources = ['policies', 'decision-point', 'both'] as const;
export type DecisionSource = (typeof decisionSources)[number];

/**
 * What end users may do with a dialog and some of its parts (authorization, section 7). It is worked out from what the
 * services' policies say, as far as that was read beforehand, and from what the caller is at the dialog's party. Only what
 * this leaves open is asked of the platform's decision point, in one request.
 */
export type Decisions = {
  /**
   * @throws UpstreamFailure when the decision point is needed and away, and what `findGrants` throws
   */
  permissionsFor: (
    caller: DecisionCaller,
    dialog: AuthorisableDialog,
    parts: AuthorisableParts,
  ) => Promise<Permissions>;
};

type Deps = {
  /** What the policies answer to each of the questions, in their order; undefined where there is no answer that counts. */
  findGrants: (questions: readonly PolicyQuestion[]) => Promise<readonly (PolicyGrant | undefined)[]>;
  authorisedParties: AuthorisedParties;
  decisionPoint: DecisionPoint;
  log: Logger;
  onDecided?: (source: DecisionSource) => void;
  /** How long to wait for what the caller is at the party, before the decision point is asked instead. */
  partiesWaitMs?: number;
};

export function createDecisions(deps: Deps): Decisions {
  const {
    findGrants,
    authorisedParties,
    decisionPoint,
    log,
    onDecided = () => undefined,
    partiesWaitMs = 4_000,
  } = deps;
  const patience = timeout(partiesWaitMs, TimeoutStrategy.Aggressive);

  return {
    async permissionsFor(caller, dialog, parts) {
      const pairs = pairsOf(parts);
      // Somebody of whom the decision point cannot be asked is permitted nothing.
      if (caller.decisionSubject === undefined) return permissionsOf(pairs, []);
      const verdicts = await verdictsFor(caller, dialog, pairs);
      const open = pairs.filter((pair) => verdictOn(pair) === 'ask');
      const known = { ...dialog, party: knownParty(caller, dialog) };
      const answers =
        open.length === 0 ? [] : await decisionPoint(decisionRequest(caller.decisionSubject, known, open));
      const answered = new Map(open.map((pair, index) => [pair, answers[index] ?? '']));
      onDecided(sourceOf(pairs, open));
      const decided = { permit: 'Permit', refuse: 'NotApplicable' } as const;
      return permissionsOf(
        pairs,
        pairs.map((pair) => {
          const verdict = verdictOn(pair);
          return verdict === 'ask' ? (answered.get(pair) ?? '') : decided[verdict];
        }),
      );

      function verdictOn(pair: Pair): Verdict {
        return verdicts.get(pair) ?? 'ask';
      }
    },
  };

  /** What the policies settle. A pair that is left out is for the decision point. */
  async function verdictsFor(
    caller: DecisionCaller,
    dialog: AuthorisableDialog,
    pairs: readonly Pair[],
  ): Promise<ReadonlyMap<Pair, Verdict>> {
    // What these represent is not kept, so it would be a call all the same; and their own party has another name there.
    if (caller.type === 'IdportenEmailIdentifiedUser') return new Map();
    const asked = policyQuestionsOf(dialog.serviceResource, pairs);
    const finding = standingOf(caller, dialog);
    // Nobody looks at it when there are no grants; then nobody minds how it ends.
    finding.catch(() => undefined);
    const grants = await findGrants(asked.map(({ question }) => question));
    if (grants.every((grant) => grant === undefined)) return new Map();
    const standing = await finding;
    if (standing === undefined) return new Map();
    return new Map(asked.map(({ pair, question }, index) => [pair, verdictBy(standing, question, grants[index])]));
  }

  /** Undefined when the platform does not tell in time. */
  async function standingOf(caller: DecisionCaller, dialog: AuthorisableDialog): Promise<Standing | undefined> {
    const party = dialog.party.toLowerCase();
    try {
      const listed = await patience.execute(() => authorisedParties(caller.id, [party]));
      const there = listed.filter((one) => one.party === party);
      return {
        subjects: new Set([caller.id.toLowerCase(), ...there.flatMap(({ subjects }) => subjects)]),
        delegated: new Set(
          there.flatMap(({ resources, instances }) => [...resources, ...instances.map(({ resource }) => resource)]),
        ),
      };
    } catch (err) {
      if (!(err instanceof UpstreamFailure) && !(err instanceof TaskCancelledError)) throw err;
      log.warn({ err }, 'authorised parties not had, the decision point is asked about everything');
      return undefined;
    }
  }
}

/** What a caller is at a party. */
type Standing = {
  /** URNs in lower case: the caller itself, and its roles and access packages. A policy may name any. */
  subjects: ReadonlySet<string>;
  /** URNs of resources of which the caller was given something that no policy tells of, the whole or an instance. */
  delegated: ReadonlySet<string>;
};

function verdictBy(
  { subjects, delegated }: Standing,
  question: PolicyQuestion,
  grant: PolicyGrant | undefined,
): Verdict {
  const verdict = grant === undefined ? 'ask' : verdictOf(grant, subjects);
  return verdict === 'refuse' && delegated.has(question.serviceResource) ? 'ask' : verdict;
}

/** The decision point cannot find an e-mail address: its owner's own party goes by number (section 6.4). */
function knownParty({ type, id, partyId }: DecisionCaller, { party }: AuthorisableDialog): string {
  const isOwn = type === 'IdportenEmailIdentifiedUser' && party === id;
  return isOwn && partyId !== undefined ? `urn:altinn:partyid:${partyId}` : party;
}

function sourceOf(pairs: readonly Pair[], open: readonly Pair[]): DecisionSource {
  if (open.length === 0) return 'policies';
  return open.length === pairs.length ? 'decision-point' : 'both';
}
