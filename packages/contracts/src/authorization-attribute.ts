import { z } from '@hono/zod-openapi';
import { addBroken } from './fault.ts';
import { textLengthMax } from './text.ts';

const attribute = /^(?:urn:altinn:[a-z][a-z0-9_-]*:)?[a-z][a-z0-9_-]*$/i;

/**
 * What the access policy is asked about besides the dialog's resource: a bare name or `urn:altinn:<kind>:<name>`.
 * Stored as given; comes out as null when left out.
 */
export const authorizationAttribute = z
  .string()
  .max(textLengthMax)
  .check((payload) => {
    if (!attribute.test(payload.value)) {
      addBroken(payload, 'Not a name, nor urn:altinn:<kind>:<name>, of letters, digits, hyphens and underscores.');
    }
  })
  .openapi({
    description: 'A name, or `urn:altinn:<kind>:<name>`. The kind `resource` names another resource of the caller.',
    pattern: '^([uU][rR][nN]:[aA][lL][tT][iI][nN][nN]:[a-zA-Z][a-zA-Z0-9_-]*:)?[a-zA-Z][a-zA-Z0-9_-]*$',
    example: 'urn:altinn:subresource:attachment-1',
  })
  .nullable()
  .default(null);
