import { z } from '@hono/zod-openapi';
import { texts } from './dialog-view.ts';

/** The organisation that a service belongs to. `orgNumber` is empty when it is not known. */
export const serviceOwnerView = z
  .object({ orgNumber: z.string(), code: z.string(), name: texts })
  .openapi('ServiceOwnerView');

/** What a service owner is told of a dialog that it looks up by another system's reference. */
export const dialogLookupView = z
  .object({
    dialogId: z.string().openapi({ format: 'uuid' }),
    instanceRef: z.string().openapi({ description: 'What it was asked for by; for an id, the best known reference.' }),
    party: z.string(),
    serviceResource: z
      .object({
        id: z.string().openapi({ description: 'Without the prefix of the URN.' }),
        isDelegable: z.boolean(),
        minimumAuthenticationLevel: z.number().int(),
        name: texts,
      })
      .openapi('LookedUpServiceResource'),
    serviceOwner: serviceOwnerView,
    title: texts,
    nonSensitiveTitle: texts.optional(),
  })
  .openapi('DialogLookup');
export type DialogLookupView = z.output<typeof dialogLookupView>;
