import { z } from '@hono/zod-openapi';
import { consumerType } from './enumerations.ts';
import { optionalInstant } from './instant.ts';
import { optionalLocalizations } from './localization.ts';
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
