/** What the API answers an end user about whom they can represent. */
import { z } from '@hono/zod-openapi';

const party = z.object({
  party: z.string().openapi({ example: 'urn:altinn:organization:identifier-no:313007103' }),
  partyUuid: z.string().openapi({ format: 'uuid' }),
  partyId: z.number().int(),
  name: z.string(),
  partyType: z.enum(['Person', 'Organization', 'SelfIdentified']),
  dateOfBirth: z.string().optional().openapi({ format: 'date' }),
  isDeleted: z.boolean(),
  hasKeyRole: z.boolean(),
  isCurrentEndUser: z.boolean(),
  isMainAdministrator: z.boolean(),
  isAccessManager: z.boolean(),
  hasOnlyAccessToSubParties: z.boolean().openapi({ description: 'There to show the hierarchy; gives no rights.' }),
});

export const partiesView = z
  .object({
    authorizedParties: z.array(
      party.extend({ subParties: z.array(party.openapi('SubPartyView')).optional() }).openapi('PartyView'),
    ),
  })
  .openapi('PartiesView');
export type PartiesView = z.output<typeof partiesView>;
