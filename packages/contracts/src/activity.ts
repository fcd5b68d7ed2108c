import { z } from '@hono/zod-openapi';
import { actor } from './actor.ts';
import { activityType } from './enumerations.ts';
import { suppliedInstant } from './instant.ts';
import { optionalLocalizations } from './localization.ts';
import { chosenIdRule, pastRule, type Report, type RuleContext } from './rule.ts';
import { textLengthMax } from './text.ts';
import { idsOf, type TransmissionBody } from './transmission.ts';
import { optionalUri } from './url.ts';
import { chosenId, optionalUuid } from './uuid-v7.ts';

/** Longest description with the correspondence scope. */
const correspondenceDescriptionMax = 4095;

/** A line in the history of a dialog. Once it is there, at most the time of a saved form changes. */
export const activityBody = z
  .object({
    id: chosenId,
    createdAt: suppliedInstant,
    extendedType: optionalUri,
    type: activityType,
    transmissionId: optionalUuid.openapi({ description: 'Given if and only if the type is TransmissionOpened.' }),
    performedBy: actor,
    description: optionalLocalizations({ max: undefined }).openapi({
      description:
        'Given if and only if the type is Information. ' +
        `At most ${textLengthMax} characters each (${correspondenceDescriptionMax} with the correspondence scope).`,
    }),
  })
  .openapi('CreateActivity');
export type ActivityBody = z.output<typeof activityBody>;
/** As callers write it. */
export type ActivityInput = z.input<typeof activityBody>;

/** `at` is the path of the activity, with a final dot, or empty where it is the body itself. */
export function activityRules(activity: ActivityBody, at: string, context: RuleContext, report: Report): void {
  const { id, createdAt, type, transmissionId, description } = activity;
  chosenIdRule(id, `${at}id`, context, report);
  pastRule(createdAt, `${at}createdAt`, context, report);

  if (type === 'Information') {
    if (description === null) report(`${at}description`, 'Is required for the type Information.');
  } else if (description !== null) {
    report(`${at}description`, `Must be left out for the type ${type}.`);
  }
  const max = context.rights.correspondence ? correspondenceDescriptionMax : textLengthMax;
  for (const [index, text] of (description ?? []).entries()) {
    if (text.value.length <= max) continue;
    report(`${at}description[${index}].value`, `Must be at most ${max} characters.`);
  }

  if (type === 'TransmissionOpened') {
    if (transmissionId === null) report(`${at}transmissionId`, 'Is required for the type TransmissionOpened.');
  } else if (transmissionId !== null) {
    report(`${at}transmissionId`, `Must be left out for the type ${type}.`);
  }
}

/** In a new dialog an activity can only be about a transmission of the request. */
export function aboutRequestRule(
  activities: readonly ActivityBody[],
  transmissions: readonly TransmissionBody[],
  at: string,
  report: Report,
): void {
  const ids = idsOf(transmissions);
  for (const [index, { type, transmissionId }] of activities.entries()) {
    if (type !== 'TransmissionOpened' || transmissionId === null || ids.has(transmissionId)) continue;
    report(`${at}[${index}]`, `The request has no transmission ${transmissionId}.`);
  }
}
