import type { DialogState } from './dialog-state.ts';
import type { Errors } from './outcome.ts';

/** A chosen id must be free in the whole service, not only in its dialog (service owner API, section 7.4). */
export function addTakenIds(
  state: DialogState,
  chosen: readonly { entity: string; id: string }[],
  errors: Errors,
): void {
  for (const { entity, id } of chosen) {
    if (state.takenIds.has(id)) errors.add(entity, `${entity} with id ${id} already exists.`);
  }
}
