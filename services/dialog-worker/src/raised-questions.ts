import { pairsOf, policyQuestionOf } from '@dialog/access/details-authorization';
import type { PolicyQuestion } from '@dialog/contracts/policy-grant';
import type { Dialog } from '@dialog/domain/dialog';
import type { Change } from '@dialog/domain/outcome';
import { LRUCache } from 'lru-cache';

/**
 * What these changes ask of policies that the dialogs before them need not have asked: all that a new dialog raises, the
 * actions where they have changed, and new or corrected transmissions.
 */
export function raisedQuestions(loaded: ReadonlyMap<string, Dialog>, changes: readonly Change[]): PolicyQuestion[] {
  return changes.flatMap(({ kind, dialog, transmissions, correctedTransmissions }) => {
    if (kind === 'purged') return [];
    const before = kind === 'created' ? undefined : loaded.get(dialog.id);
    // A decision that leaves a document alone passes the very object on.
    const changed = before?.apiActions !== dialog.apiActions || before.guiActions !== dialog.guiActions;
    const guarded = [...transmissions, ...correctedTransmissions].filter(
      ({ authorizationAttribute }) => authorizationAttribute !== null,
    );
    if (!changed && guarded.length === 0) return [];
    const { apiActions, guiActions } = changed ? dialog : { apiActions: [], guiActions: [] };
    const pairs = pairsOf({ apiActions, guiActions, transmissions: guarded });
    return pairs.flatMap((pair) => policyQuestionOf(dialog.serviceResource, pair) ?? []);
  });
}

/** Questions that this process knows to be stored, at most so many: the usual dialog raises none that is not. */
export type KnownQuestions = {
  /** Those that may not be stored yet, each once. */
  unknownOf: (questions: readonly PolicyQuestion[]) => PolicyQuestion[];
  /** Call after the commit: what is rolled back is not stored. */
  remember: (questions: readonly PolicyQuestion[]) => void;
};

export function createKnownQuestions(questionsMax: number): KnownQuestions {
  const known = new LRUCache<string, true>({ max: questionsMax });
  return {
    unknownOf(questions) {
      const unknown = new Map(questions.map((question) => [keyOf(question), question]));
      for (const key of unknown.keys()) if (known.get(key) !== undefined) unknown.delete(key);
      return [...unknown.values()];
    },
    remember(questions) {
      for (const question of questions) known.set(keyOf(question), true);
    },
  };
}

function keyOf({ serviceResource, action, attribute }: PolicyQuestion): string {
  return JSON.stringify([serviceResource, action, attribute]);
}
