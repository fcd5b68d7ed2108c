import { z } from '@hono/zod-openapi';
import { consumerType } from './enumerations.ts';
import { optionalInstant } from './instant.ts';
import { optionalLocalizations } from './localization.ts';
import { chosenIdRule, distinctIdsRule, type Report, type RuleContext, unexpiredRule } from './rule.ts';
import { optionalText, textLengthMax } from './text.ts';
import { httpsUrl } from './url.ts';
import { chosenId } from './uuid-v7.ts';

const urlMembers = { url: httpsUrl, mediaType: optionalText, consumerType };

const attachmentUrl = z.object({ id: chosenId, ...urlMembers }).openapi('AttachmentUrl');

/** The urls of a transmission's attachments have no ids of their own in requests. */
const transmissionAttachmentUrl = z.object(urlMembers).openapi('TransmissionAttachmentUrl');

const attachmentMembers = {
  id: chosenId,
  displayName: optionalLocalizations({ max: textLengthMax }),
  name: optionalText.openapi({ description: 'File name, for users of the API.' }),
  expiresAt: optionalInstant,
};

/** A document of the dialog, in one or several representations. */
export const attachment = z.object({ ...attachmentMembers, urls: z.array(attachmentUrl).min(1) }).openapi('Attachment');
export type AttachmentBody = z.output<typeof attachment>;

/** A document of a transmission. */
export const transmissionAttachment = z
  .object({
    ...attachmentMembers,
    urls: z
      .array(transmissionAttachmentUrl)
      .min(1)
      .transform((urls) => urls.map((url): AttachmentBody['urls'][number] => ({ id: null, ...url }))),
  })
  .openapi('TransmissionAttachment');

/**
 * Ids of attachments and, where `refuseExpired`, their expiry. Elsewhere the expiry is compared with what is stored,
 * which is no rule of the request.
 */
export function attachmentRules(
  attachments: readonly AttachmentBody[],
  at: string,
  context: RuleContext & { refuseExpired: boolean },
  report: Report,
): void {
  distinctIdsRule(attachments, at, report);
  for (const [index, { id, expiresAt }] of attachments.entries()) {
    chosenIdRule(id, `${at}[${index}].id`, context, report);
    if (context.refuseExpired) unexpiredRule(expiresAt, `${at}[${index}].expiresAt`, context, report);
  }
}

/** Ids of the urls of a dialog's attachments. */
export function attachmentUrlRules(
  attachments: readonly AttachmentBody[],
  at: string,
  context: RuleContext,
  report: Report,
): void {
  for (const [index, { urls }] of attachments.entries()) {
    distinctIdsRule(urls, `${at}[${index}].urls`, report);
    for (const [urlIndex, { id }] of urls.entries()) {
      chosenIdRule(id, `${at}[${index}].urls[${urlIndex}].id`, context, report);
    }
  }
}
