import { z } from '@hono/zod-openapi';
import { aboutRequestRule } from './activity.ts';
import {
  contentMissing,
  dialogMembers,
  dialogRules,
  hasContentUnlessApiOnly,
  isBefore,
  visibilityRules,
} from './dialog-members.ts';
import { dialogStatusInput, systemLabel } from './enumerations.ts';
import { addBroken } from './fault.ts';
import { optionalInstant, suppliedInstant } from './instant.ts';
import { party } from './party.ts';
import { chosenIdRule, pastRule, type Report, type RuleContext } from './rule.ts';
import { serviceOwnerContext } from './search-tag.ts';
import { idempotentKey } from './text.ts';
import { relatedInRequestRule } from './transmission.ts';
import { uri, urlLengthMax } from './url.ts';
import { chosenId } from './uuid-v7.ts';

const resourcePrefix = 'urn:altinn:resource:';

/** What a dialog or a subscription is about; comes out in lower case. */
export const serviceResource = uri
  .check((payload) => {
    if (payload.value.startsWith(resourcePrefix) && payload.value.length > resourcePrefix.length) {
      payload.value = payload.value.toLowerCase();
    } else addBroken(payload, `Must begin with ${resourcePrefix} and name a resource.`);
  })
  .openapi({
    description: 'The service that the dialog belongs to, a resource of the resource registry.',
    maxLength: urlLengthMax,
    example: `${resourcePrefix}ttd-building-permit`,
  });

/** The body as it is written: a create has everything that an update has, and what cannot change later. */
export const createDialogMembers = z
  .object({
    id: chosenId,
    idempotentKey,
    serviceResource,
    party,
    visibleFrom: optionalInstant,
    createdAt: suppliedInstant,
    updatedAt: suppliedInstant,
    status: dialogStatusInput.nullish().transform((status) => status ?? 'NotApplicable'),
    systemLabel: systemLabel
      .nullish()
      .transform((label) => label ?? 'Default')
      .check((payload) => {
        if (payload.value === 'MarkedAsUnopened' || payload.value === 'Sent') {
          addBroken(payload, 'Must be one of Default, Bin, Archive.');
        }
      })
      .openapi({ type: ['string', 'null'], enum: ['Default', 'Bin', 'Archive', null] }),
    serviceOwnerContext,
    ...dialogMembers,
  })
  .refine(hasContentUnlessApiOnly, contentMissing)
  .openapi('CreateDialog');

export const createDialogBody = createDialogMembers.transform(withLabels);
export type CreateDialogBody = z.output<typeof createDialogBody>;
/** As callers write it. */
export type CreateDialogInput = z.input<typeof createDialogBody>;

/** Lifts the service owner's labels out of the object that they travel in. */
export function withLabels({ serviceOwnerContext, ...dialog }: z.output<typeof createDialogMembers>) {
  return { ...dialog, serviceOwnerLabels: serviceOwnerContext?.serviceOwnerLabels ?? [] };
}

export function createDialogRules(
  dialog: z.output<typeof createDialogMembers>,
  context: RuleContext,
  report: Report,
): void {
  const { createdAt, updatedAt, guiActions, apiActions, transmissions, activities } = dialog;
  chosenIdRule(dialog.id, 'id', context, report);
  pastRule(createdAt, 'createdAt', context, report);
  pastRule(updatedAt, 'updatedAt', context, report);
  if (updatedAt !== null && createdAt === null) report('createdAt', 'Is required with updatedAt.');
  if (isBefore(updatedAt, createdAt)) report('updatedAt', 'Must not be before createdAt.');

  dialogRules(dialog, { ...context, refuseExpired: true }, report);
  visibilityRules(dialog, context.rights, report);
  for (const [index, { id }] of guiActions.entries()) chosenIdRule(id, `guiActions[${index}].id`, context, report);
  for (const [index, { id }] of apiActions.entries()) chosenIdRule(id, `apiActions[${index}].id`, context, report);
  relatedInRequestRule(transmissions, 'transmissions', report);
  aboutRequestRule(activities, transmissions, 'activities', report);
}
