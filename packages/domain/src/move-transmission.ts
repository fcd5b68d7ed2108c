import { depthMax, repliesMax } from './append-transmissions.ts';
import type { KnownTransmission } from './dialog.ts';
import { childKey, type DialogState } from './dialog-state.ts';
import type { Errors } from './outcome.ts';

/**
 * Relates a transmission to another one, or to none, in the hierarchy of its dialog (service owner API, section 12.6).
 * What answers it, directly or not, comes along: each of those gets another depth.
 *
 * The state has to know the present parent, the new one, and every transmission below the one that moves. What is wrong
 * with the new place is added to `rules`.
 *
 * @returns the transmission in its new place, and the others that change with it
 */
export function moveTransmission(
  state: DialogState,
  transmission: KnownTransmission,
  parentId: string | null,
  rules: Errors,
): { transmission: KnownTransmission; touched: KnownTransmission[] } {
  const { dialogId, id, relatedTransmissionId: leftId } = transmission;
  if (parentId === leftId) return { transmission, touched: [] };

  const parent = parentId === null ? null : state.transmissions.get(childKey(dialogId, parentId));
  if (parent === undefined) {
    rules.add('Transmissions', `Transmission ${id} is related to ${parentId}, which the dialog does not have.`);
    return { transmission, touched: [] };
  }
  const below = transmission.repliesCount === 0 ? [] : descendantsOf(state, transmission);
  if (parent !== null && (parent.id === id || below.some((descendant) => descendant.id === parent.id))) {
    rules.add('Transmissions', `Transmission ${id} cannot be related to ${parent.id}, which is itself or answers it.`);
    return { transmission, touched: [] };
  }

  const depth = (parent?.depth ?? 0) + 1;
  const down = depth - transmission.depth;
  const deepest = below.reduce((max, descendant) => Math.max(max, descendant.depth + down), depth);
  if (deepest > depthMax) {
    rules.add(
      'Transmissions',
      `Transmission ${id}, or one that answers it, would be at a depth of more than ${depthMax}.`,
    );
  }
  const touched = down === 0 ? [] : below.map((descendant) => ({ ...descendant, depth: descendant.depth + down }));
  if (parent !== null) {
    if (parent.repliesCount >= repliesMax) {
      rules.add('Transmissions', `Transmission ${parent.id} would get more than ${repliesMax} direct replies.`);
    }
    touched.push({ ...parent, repliesCount: parent.repliesCount + 1 });
  }
  if (leftId !== null) {
    const left = state.transmissions.get(childKey(dialogId, leftId));
    if (left === undefined) throw new Error(`Transmission ${id} leaves ${leftId}, which was not loaded.`);
    touched.push({ ...left, repliesCount: left.repliesCount - 1 });
  }
  return { transmission: { ...transmission, relatedTransmissionId: parentId, depth }, touched };
}

function descendantsOf(state: DialogState, { dialogId, id }: KnownTransmission): KnownTransmission[] {
  const replies = new Map<string, KnownTransmission[]>();
  for (const known of state.transmissions.values()) {
    if (known.dialogId !== dialogId || known.relatedTransmissionId === null) continue;
    const siblings = replies.get(known.relatedTransmissionId);
    if (siblings === undefined) replies.set(known.relatedTransmissionId, [known]);
    else siblings.push(known);
  }
  const found = [...(replies.get(id) ?? [])];
  // Grows while it is walked, until the leaves have been seen.
  for (const descendant of found) {
    for (const reply of replies.get(descendant.id) ?? []) found.push(reply);
    if (found.length > state.transmissions.size) throw new Error(`Transmission ${id} is below itself.`);
  }
  return found;
}
