import type { DialogState } from './dialog-state.ts';
import type { Errors } from './outcome.ts';

/**
 * A chosen id must be free in the whole service, not only in its dialog (service owner API, section 7.4), nor may a
 * request choose it for two of a kind.
 */
export function addTakenIds(
  state: DialogState,
  chosen: readonly { entity: string; id: string }[],
  errors: Errors,
): void {
  const seen = new Set<string>();
  for (const { entity, id } of chosen) {
    const key = `${entity}/${id}`;
    const isRepeated = seen.has(key);
    seen.add(key);
    if (isRepeated || state.takenIds.has(id)) errors.add(entity, `${entity} with id ${id} already exists.`);
  }
}
