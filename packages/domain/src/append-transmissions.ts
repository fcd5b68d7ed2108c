import type { Facts } from '@dialog/contracts/commands';
import type { TransmissionBody } from '@dialog/contracts/transmission';
import { namedActor } from './actor.ts';
import { type Dialog, isFromParty, type KnownTransmission, type Transmission } from './dialog.ts';
import { childKey, type DialogState } from './dialog-state.ts';
import { identifiedAttachment } from './identified.ts';
import { type Context, Errors } from './outcome.ts';

export const depthMax = 100;
export const repliesMax = 100;
/** Per direction: from the party, and from the service owner. */
const transmissionsMax = 32_767;

export type AppendedTransmissions = {
  transmissions: Transmission[];
  /** Parents that were there before, with their new number of replies. */
  touched: KnownTransmission[];
};

/**
 * Places new transmissions in a dialog's hierarchy (service owner API, sections 12.6 and 13.5).
 *
 * Looks only at the parents that are named, never at the siblings: a parent's depth and number of replies stand on its
 * row. The order of the transmissions in a request does not matter. What is wrong with the
 * hierarchy is added to `rules`, an actor without a registered name to `actors`.
 */
export function appendTransmissions(
  state: DialogState,
  dialog: Pick<Dialog, 'id' | 'fromPartyTransmissionsCount' | 'fromServiceOwnerTransmissionsCount' | 'visibleFrom'>,
  bodies: readonly TransmissionBody[],
  facts: Facts,
  context: Context,
  { rules, actors }: { rules: Errors; actors: Errors },
): AppendedTransmissions {
  // Nobody of the party can have got it before the dialog is visible (section 13.3).
  const createdAt = dialog.visibleFrom !== null && dialog.visibleFrom > context.now ? dialog.visibleFrom : null;
  const added = new Map<string, Transmission>();
  for (const body of bodies) {
    const id = body.id ?? context.newId();
    added.set(id, {
      ...body,
      id,
      dialogId: dialog.id,
      createdAt: createdAt ?? body.createdAt ?? context.now,
      sender: namedActor(body.sender, facts, actors),
      attachments: body.attachments.map((attachment) => identifiedAttachment(attachment, context)),
      depth: 0,
      repliesCount: 0,
      opened: false,
    });
  }

  const touched = new Map<string, KnownTransmission>();
  for (const transmission of added.values()) {
    const parentId = transmission.relatedTransmissionId;
    if (parentId === null) continue;
    const parent =
      added.get(parentId) ?? touched.get(parentId) ?? state.transmissions.get(childKey(dialog.id, parentId));
    if (parent === undefined) {
      rules.add(
        'Transmissions',
        `Transmission ${transmission.id} is related to ${parentId}, which the dialog does not have.`,
      );
      continue;
    }
    const replies = parent.repliesCount + 1;
    if (replies > repliesMax) {
      rules.add('Transmissions', `Transmission ${parentId} would get more than ${repliesMax} direct replies.`);
    }
    if (added.has(parentId)) added.set(parentId, { ...(added.get(parentId) ?? transmission), repliesCount: replies });
    else touched.set(parentId, { ...parent, repliesCount: replies });
  }

  const placed = [...added.values()].map((transmission) => ({
    ...transmission,
    depth: depthOf(transmission, added, (id) => state.transmissions.get(childKey(dialog.id, id))?.depth, rules),
  }));
  const fromParty = placed.filter(isFromParty).length;
  const fromServiceOwner = placed.length - fromParty;
  if (dialog.fromPartyTransmissionsCount + fromParty > transmissionsMax) {
    rules.add(
      'FromPartyTransmissionsCount',
      `A dialog holds at most ${transmissionsMax} transmissions from the party.`,
    );
  }
  if (dialog.fromServiceOwnerTransmissionsCount + fromServiceOwner > transmissionsMax) {
    rules.add(
      'FromServiceOwnerTransmissionsCount',
      `A dialog holds at most ${transmissionsMax} transmissions from the service owner.`,
    );
  }
  return { transmissions: placed, touched: [...touched.values()] };
}

/** Walks up through the new transmissions to one that is stored or a root. A cycle never ends, so it is too deep. */
function depthOf(
  transmission: Transmission,
  added: ReadonlyMap<string, Transmission>,
  storedDepth: (id: string) => number | undefined,
  errors: Errors,
): number {
  let depth = 1;
  let parentId = transmission.relatedTransmissionId;
  while (parentId !== null && depth <= depthMax) {
    const parent = added.get(parentId);
    depth += parent === undefined ? (storedDepth(parentId) ?? 0) : 1;
    parentId = parent?.relatedTransmissionId ?? null;
  }
  if (depth > depthMax) {
    errors.add(
      'Transmissions',
      `Transmission ${transmission.id} is related to itself, or at a depth of more than ${depthMax}.`,
    );
  }
  return depth;
}

/** What a 409 says of keys that two transmissions share, or that one of the dialog's transmissions has already. */
export function usedTransmissionKeys(
  state: DialogState,
  dialogId: string,
  bodies: readonly TransmissionBody[],
): Errors {
  const errors = new Errors();
  const seen = new Set<string>();
  for (const { idempotentKey } of bodies) {
    if (idempotentKey === null) continue;
    if (seen.has(idempotentKey) || state.transmissionKeys.has(childKey(dialogId, idempotentKey))) {
      errors.add('IdempotentKey', `'${idempotentKey}' is used by another transmission.`);
    }
    seen.add(idempotentKey);
  }
  return errors;
}
