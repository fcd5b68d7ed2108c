import { z } from '@hono/zod-openapi';
import { actor } from './actor.ts';
import { attachmentRules, transmissionAttachment } from './attachment.ts';
import { authorizationAttribute } from './authorization-attribute.ts';
import { transmissionContent, transmissionContentRules } from './content.ts';
import { transmissionType } from './enumerations.ts';
import { optionalInstant, suppliedInstantNotNull } from './instant.ts';
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

/** A message from the service owner to the party or back. It never changes once it is there. */
export const transmissionBody = z
  .object({
    id: chosenId,
    idempotentKey,
    createdAt: suppliedInstantNotNull,
    authorizationAttribute,
    extendedType: optionalUri,
    externalReference: optionalText,
    relatedTransmissionId: optionalUuid.openapi({ description: 'The transmission that this one answers.' }),
    type: transmissionType,
    sender: actor,
    content: transmissionContent
      .nullable()
      .default(null)
      .openapi({ description: 'May only be left out in a dialog with `isApiOnly`.' }),
    attachments: z.array(transmissionAttachment).default([]),
    navigationalActions: z.array(navigationalAction).default([]),
  })
  .openapi('CreateTransmission');
export type TransmissionBody = z.output<typeof transmissionBody>;

/** What of a transmission depends on the clock, the caller's rights and the request that it came in. */
type TransmissionContext = RuleContext & { contentRequired: boolean; refuseExpired: boolean };

/** `at` is the path of the transmission, with a final dot, or empty where it is the body itself. */
export function transmissionRules(
  transmission: TransmissionBody,
  at: string,
  context: TransmissionContext,
  report: Report,
): void {
  const { id, createdAt, relatedTransmissionId, content, attachments, navigationalActions } = transmission;
  chosenIdRule(id, `${at}id`, context, report);
  pastRule(createdAt, `${at}createdAt`, context, report);
  if (isRelatedToItself(transmission)) {
    report(`${at}relatedTransmissionId`, `A transmission cannot be related to itself (${relatedTransmissionId}).`);
  }
  if (content !== null) transmissionContentRules(content, `${at}content.`, context, report);
  else if (context.contentRequired) report(`${at}content`, 'Is required.');
  attachmentRules(attachments, `${at}attachments`, context, report);
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
