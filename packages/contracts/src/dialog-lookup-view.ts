import { z } from '@hono/zod-openapi';
import { texts } from './dialog-view.ts';

/** The organisation that a service belongs to. `orgNumber` is empty when it is not known. */
export const serviceOwnerView = z
  .object({ orgNumber: z.string(), code: z.string(), name: texts })
  .openapi('ServiceOwnerView');

const lookedUp = z.object({
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
});
/** What everybody is told of a dialog that they look up by another system's reference. */
export type LookedUpView = z.output<typeof lookedUp>;

/** What a service owner is told. */
export const dialogLookupView = lookedUp.extend({ nonSensitiveTitle: texts.optional() }).openapi('DialogLookup');
export type DialogLookupView = z.output<typeof dialogLookupView>;

/** How somebody came by a right to a dialog. */
export const grantType = z.enum(['Role', 'AccessPackage', 'ResourceDelegation', 'InstanceDelegation']);
export type GrantType = z.output<typeof grantType>;

const evidenceItem = z.object({
  grantType,
  subject: z.string().openapi({ description: 'A URN; of a delegated instance its reference.' }),
  name: texts,
  links: z
    .object({ metadata: z.string().openapi({ format: 'uri' }) })
    .optional()
    .openapi({ description: 'Where the platform tells more of the subject.' }),
});

const authorizationEvidence = z.object({
  currentAuthenticationLevel: z.number().int().openapi({ description: 'Of the caller.' }),
  viaRole: z.boolean(),
  viaAccessPackage: z.boolean(),
  viaResourceDelegation: z.boolean(),
  viaInstanceDelegation: z.boolean(),
  evidence: z.array(evidenceItem.openapi('AuthorizationEvidenceItem')),
});
export type AuthorizationEvidence = z.output<typeof authorizationEvidence>;

/** What an end user is told: why it may see the dialog, and no title that is not for its level of authentication. */
export const endUserDialogLookupView = lookedUp
  .extend({ authorizationEvidence: authorizationEvidence.openapi('AuthorizationEvidence') })
  .openapi('EndUserDialogLookup');
export type EndUserDialogLookupView = z.output<typeof endUserDialogLookupView>;
