import { z } from '@hono/zod-openapi';
import { serviceOwnerView } from './dialog-lookup-view.ts';
import { texts } from './dialog-view.ts';

const mostValues = z.number().int();

/** Most values of one filter, by who searches (section 33). */
export const limitsView = z
  .object({
    endUserSearch: z.object({
      maxPartyFilterValues: mostValues,
      maxServiceResourceFilterValues: mostValues,
      maxOrgFilterValues: mostValues,
      maxExtendedStatusFilterValues: mostValues,
    }),
    serviceOwnerSearch: z.object({
      maxPartyFilterValues: mostValues,
      maxServiceResourceFilterValues: mostValues,
      maxExtendedStatusFilterValues: mostValues,
    }),
  })
  .openapi('Limits');

const links = z.object({ metadata: z.string().openapi({ format: 'uri' }) });

/** A role or an access package that gives something on a service resource. */
const subjectView = z.object({ urn: z.string(), name: texts, links }).openapi('SubjectMetadata');
export type SubjectView = z.output<typeof subjectView>;

/** A service resource that dialogs are about, for people (section 34). */
export const serviceResourceMetadata = z
  .object({
    serviceResource: z.object({
      id: z.string().openapi({ description: 'Without the prefix of the URN.' }),
      resourceType: z.string(),
      status: z.string(),
      isDelegable: z.boolean(),
      minimumAuthenticationLevel: z.number().int(),
      name: texts,
      links,
    }),
    roles: z.array(subjectView),
    accessPackages: z.array(subjectView),
    serviceOwner: serviceOwnerView,
  })
  .openapi('ServiceResourceMetadata');
export type ServiceResourceMetadata = z.output<typeof serviceResourceMetadata>;

export const serviceResourceList = z
  .object({ items: z.array(serviceResourceMetadata) })
  .openapi('ServiceResourceMetadataList');

/** The service resources whose dialogs an end user may see. */
export const authorizedServiceResourceList = z
  .object({
    isFullCatalogueFallback: z.literal(true).optional().openapi({
      description: 'These are all services that there are dialogs of: the end user has too many parties to tell more.',
    }),
    items: z.array(serviceResourceMetadata),
  })
  .openapi('AuthorizedServiceResourceList');
