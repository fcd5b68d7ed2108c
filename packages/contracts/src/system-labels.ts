import { z } from '@hono/zod-openapi';
import { type Actor, actor } from './actor.ts';
import { type SystemLabel, systemLabel } from './enumerations.ts';
import { addBroken } from './fault.ts';
import type { Report } from './rule.ts';
import { optionalUuid, uuid } from './uuid-v7.ts';

/** A label that a request may put on a dialog or take off it. `Sent` comes with what the party sends, and stays. */
export type GivenLabel = Exclude<SystemLabel, 'Sent'>;

/** What becomes of the system labels of a dialog: removals come first, then additions, each in order (section 13.6). */
export type Labelling = {
  addLabels: GivenLabel[];
  removeLabels: GivenLabel[];
  /** Whom an administrator names as the one who did it. Null for the end user on whose behalf the request is made. */
  performedBy: Actor | null;
};

/** Dialogs of one bulk request, of a service owner and of an end user. */
const dialogsMax = 200;
const ownDialogsMax = 100;

const labels = z
  .array(systemLabel)
  .check((payload) => {
    for (const [index, label] of payload.value.entries()) {
      if (label === 'Sent') addBroken(payload, 'Sent comes and stays with what the party has sent.', [index]);
    }
  })
  .default([]);

const changes = {
  addLabels: labels,
  removeLabels: labels,
  systemLabels: labels.openapi({ deprecated: true, description: 'Older name of `addLabels`; counts in addition.' }),
};

const members = {
  ...changes,
  performedBy: actor.nullable().default(null).openapi({ description: 'For administrators, in place of `enduserId`.' }),
};

/** The body of PUT systemlabels. */
export const setSystemLabelsBody = z.object(members).openapi('SetSystemLabels');

function dialogs(max: number) {
  return z
    .array(z.object({ dialogId: uuid, endUserContextRevision: optionalUuid }).openapi('DialogRevision'))
    .min(1)
    .max(max)
    .check((payload) => {
      const distinct = new Set(payload.value.map(({ dialogId }) => dialogId));
      if (distinct.size < payload.value.length) addBroken(payload, 'Must not name a dialog twice.');
    });
}

/** The same for many dialogs. */
export const bulkSetSystemLabelsBody = z
  .object({ dialogs: dialogs(dialogsMax), ...members })
  .openapi('BulkSetSystemLabels');

/** What end users send: it is they who do it. */
export const setOwnSystemLabelsBody = z.object(changes).openapi('EndUserSetSystemLabels');
export const bulkSetOwnSystemLabelsBody = z
  .object({ dialogs: dialogs(ownDialogsMax), ...changes })
  .openapi('EndUserBulkSetSystemLabels');

/** Somebody has to be named in the label log: an end user or `performedBy`, and not both. */
export function performerRule(endUserId: string | null, performedBy: Actor | null, report: Report): void {
  if ((endUserId === null) === (performedBy === null)) {
    report('endUserId', 'Exactly one of enduserId and performedBy must be given.');
  }
}

/** Brings a body that is without fault into its normal form. */
export function labellingOf(body: z.output<typeof setSystemLabelsBody>): Labelling {
  const { addLabels, systemLabels, removeLabels, performedBy } = body;
  return { addLabels: given([...addLabels, ...systemLabels]), removeLabels: given(removeLabels), performedBy };
}

/**
 * As {@link labellingOf}, for an end user. The two names of added labels count in the order in which the body has them,
 * as of several places the last one stays.
 */
export function ownLabellingOf(
  { addLabels, systemLabels, removeLabels }: z.output<typeof setOwnSystemLabelsBody>,
  input: unknown,
): Omit<Labelling, 'performedBy'> {
  const names = Object.keys(Object(input)).map((name) => name.toLowerCase());
  const isOlderFirst = names.indexOf('systemlabels') < names.indexOf('addlabels');
  const added = isOlderFirst ? [...systemLabels, ...addLabels] : [...addLabels, ...systemLabels];
  return { addLabels: given(added), removeLabels: given(removeLabels) };
}

function given(named: readonly SystemLabel[]): GivenLabel[] {
  return named.filter((label) => label !== 'Sent');
}
