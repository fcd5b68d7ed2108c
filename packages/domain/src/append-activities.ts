import type { ActivityBody } from '@dialog/contracts/activity';
import type { Facts, Rights } from '@dialog/contracts/commands';
import { namedActor } from './actor.ts';
import type { Activity, Dialog } from './dialog.ts';
import { type Context, type Errors, type Outcome, rejected } from './outcome.ts';

const correspondenceTypes: ReadonlySet<ActivityBody['type']> = new Set([
  'CorrespondenceOpened',
  'CorrespondenceConfirmed',
]);

/** Activity types that only correspondences may use need the scope for them (service owner API, section 2.6). */
export function reservedActivityTypes(
  bodies: readonly ActivityBody[],
  rights: Rights,
): (Outcome & { kind: 'rejected' }) | undefined {
  if (rights.correspondence) return undefined;
  const reserved = bodies.map(({ type }) => type).filter((type) => correspondenceTypes.has(type));
  if (reserved.length === 0) return undefined;
  const types = [...new Set(reserved)].join(', ');
  return rejected(403, {
    Forbidden: [`Activities of type ${types} need the scope digdir:dialogporten.correspondence.`],
  });
}

/** Gives new activities what the request left open: ids, times and the names of their actors. */
export function appendActivities(
  dialog: Pick<Dialog, 'id'>,
  bodies: readonly ActivityBody[],
  facts: Facts,
  context: Context,
  errors: Errors,
): Activity[] {
  return bodies.map((body) => ({
    ...body,
    id: body.id ?? context.newId(),
    dialogId: dialog.id,
    createdAt: body.createdAt ?? context.now,
    performedBy: namedActor(body.performedBy, facts, errors),
  }));
}
