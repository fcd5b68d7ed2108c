import { z } from '@hono/zod-openapi';
import { authorizationAttribute } from './authorization-attribute.ts';
import { httpVerb } from './enumerations.ts';
import { addBroken } from './fault.ts';
import { optionalInstant } from './instant.ts';
import { optionalText, requiredText } from './text.ts';
import { httpsUrl, optionalUri } from './url.ts';
import { chosenId, optionalUuid } from './uuid-v7.ts';

const endpoint = z
  .object({
    id: optionalUuid,
    version: optionalText,
    url: httpsUrl,
    httpMethod: httpVerb,
    documentationUrl: optionalUri,
    requestSchema: optionalUri,
    responseSchema: optionalUri,
    deprecated: z.boolean().default(false).openapi({ description: 'Must be true when `sunsetAt` is given.' }),
    sunsetAt: optionalInstant,
  })
  .check((payload) => {
    const { deprecated, sunsetAt } = payload.value;
    if (sunsetAt !== null && !deprecated) {
      addBroken(payload, 'An endpoint with a sunset date must be deprecated.', ['deprecated']);
    }
  })
  .openapi('ApiActionEndpoint');

/** Something that a program of the party can do, by one or several versions of an endpoint. */
export const apiAction = z
  .object({
    id: chosenId,
    action: requiredText.openapi({ description: 'Name of the action in the access policy.' }),
    authorizationAttribute,
    name: optionalText,
    endpoints: z.array(endpoint).min(1),
  })
  .openapi('ApiAction');
export type ApiActionBody = z.output<typeof apiAction>;
