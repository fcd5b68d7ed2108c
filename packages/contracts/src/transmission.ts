import { z } from '@hono/zod-openapi';
import { actor } from './actor.ts';
import { transmissionAttachment } from './attachment.ts';
import { authorizationAttribute } from './authorization-attribute.ts';
import { transmissionContent } from './content.ts';
import { transmissionType } from './enumerations.ts';
import { optionalInstant, suppliedInstantNotNull } from './instant.ts';
import { localizations } from './localization.ts';
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
