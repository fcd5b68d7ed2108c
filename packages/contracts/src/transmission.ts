import { z } from '@hono/zod-openapi';
import { actor } from './actor.ts';
import { attachment, attachmentRules, attachmentUrlRules, transmissionAttachment } from './attachment.ts';
import { authorizationAttribute } from './authorization-attribute.ts';
import { transmissionContent, transmissionContentRules } from './content.ts';
import { transmissionType } from './enumerations.ts';
import { optionalInstant, suppliedInstant, suppliedInstantNotNull } from './instant.ts';
import { localizations } from './localization.ts';
import { chosenIdRule, pastRule, type Report, type RuleContext, unexpiredRule } from './rule.ts';
import { idempotentKey, optionalText, textLengthMax } from './text.ts';
import { httpsUrl, optionalUri } from './url.ts';
import { chosenId, optionalUuid } from './uuid-v7.ts';

const navigationalAction = z
  .object({
    title: localizations({ max: textLengthMax, atLeastOne: true }),
    url: httpsUrl,
    expiresAt: optionalInstant,
  })
  .openapi('NavigationalAction');

const members = {
  idempotentKey,
  authorizationAttribute,
  extendedType: optionalUri,
  externalReference: optionalText,
  relatedTransmissionId: optionalUuid.openapi({ description: 'The transmission that this one answers.' }),
  type: transmissionType,
  sender: actor,
  navigationalActions: z.array(navigationalAction).default([]),
};
const content = transmissionContent.nullable().default(null);

/** A message from the service owner to the party or back. */
export const transmissionBody = z
  .object({
    id: chosenId,
    createdAt: suppliedInstantNotNull,
    ...members,
    content: content.openapi({ description: 'May only be left out in a dialog with `isApiOnly`.' }),
    attachments: z.array(transmissionAttachment).default([]),
  })
  .openapi('CreateTransmission');
export type TransmissionBody = z.output<typeof transmissionBody>;
/** As callers write it. */
export type TransmissionInput = z.input<typeof transmissionBody>;

/**
 * A transmission as it should have been (section 25.5). Its attachments and their urls are those that it has where
 * their ids say so, so urls have ids here.
 */
export const updateTransmissionMembers = z
  .object({
    createdAt: suppliedInstant.openapi({ description: 'Any time. Left out: the transmission keeps its own.' }),
    ...members,
    content,
    attachments: z.array(attachment).default([]),
    isSilentUpdate: z.boolean().default(false).openapi({ description: 'Must be true, here or in the query.' }),
  })
  .refine((body) => body.content !== null, {
    path: ['content'],
    message: 'Is required.',
    // Told even if other members cannot be read, as a missing member would be.
    when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value),
  })
  .openapi('UpdateTransmission');
export type UpdateTransmissionBody = Omit<z.output<typeof updateTransmissionMembers>, 'isSilentUpdate'>;

/** What of a transmission depends on the clock, the caller's rights and the request that it came in. */
type TransmissionContext = RuleContext & { contentRequired: boolean; refuseExpired: boolean };

/** `at` is the path of the transmission, with a final dot, or empty where it is the body itself. */
export function transmissionRules(
  transmission: TransmissionBody,
  at: string,
  context: TransmissionContext,
  report: Report,
): void {
  const { id, createdAt, relatedTransmissionId, content, attachments } = transmission;
  chosenIdRule(id, `${at}id`, context, report);
  pastRule(createdAt, `${at}createdAt`, context, report);
  if (isRelatedToItself(transmission)) {
    report(`${at}relatedTransmissionId`, `A transmission cannot be related to itself (${relatedTransmissionId}).`);
  }
  if (content !== null) transmissionContentRules(content, `${at}content.`, context, report);
  else if (context.contentRequired) report(`${at}content`, 'Is required.');
  attachmentRules(attachments, `${at}attachments`, context, report);
  navigationalActionRules(transmission, at, context, report);
}

/** The rules of {@link updateTransmissionMembers}. A correction may be of any time, and of what has expired. */
export function updateTransmissionRules(body: UpdateTransmissionBody, context: RuleContext, report: Report): void {
  const { content, attachments } = body;
  if (content !== null) transmissionContentRules(content, 'content.', context, report);
  attachmentRules(attachments, 'attachments', { ...context, refuseExpired: false }, report);
  attachmentUrlRules(attachments, 'attachments', context, report);
  navigationalActionRules(body, '', context, report);
}

function navigationalActionRules(
  { navigationalActions }: Pick<TransmissionBody, 'navigationalActions'>,
  at: string,
  context: RuleContext,
  report: Report,
): void {
  for (const [index, { expiresAt }] of navigationalActions.entries()) {
    unexpiredRule(expiresAt, `${at}navigationalActions[${index}].expiresAt`, context, report);
  }
}

/** In a new dialog there is nothing to be related to but the other transmissions of the request. */
export function relatedInRequestRule(transmissions: readonly TransmissionBody[], at: string, report: Report): void {
  const ids = idsOf(transmissions);
  for (const [index, transmission] of transmissions.entries()) {
    const { relatedTransmissionId } = transmission;
    if (relatedTransmissionId === null || ids.has(relatedTransmissionId)) continue;
    report(`${at}[${index}]`, `The request has no transmission ${relatedTransmissionId} to be related to.`);
  }
}

export function idsOf(transmissions: readonly TransmissionBody[]): ReadonlySet<string | null> {
  return new Set(transmissions.map((transmission) => transmission.id));
}

function isRelatedToItself({ id, relatedTransmissionId }: TransmissionBody): boolean {
  return relatedTransmissionId !== null && relatedTransmissionId === id;
}
