import { authorizedServiceResourceList } from '@dialog/contracts/metadata-view';
import { createRoute } from '@hono/zod-openapi';
import { requestedLanguages } from '../../accepted-languages.ts';
import type { AuthorisedResources } from '../../authorised-resources.ts';
import type { Catalogue } from '../../catalogue.ts';
import { endUserPath, type GatewayApp } from '../../gateway-app.ts';
import { jsonResponse } from '../../json-response.ts';
import { acceptLanguageHeader, byEndUser, ok, problemResponses } from '../../openapi.ts';
import { invalid } from '../../problem-response.ts';
import { errorsOf } from '../../request-parameters.ts';
import { partyFilter } from '../../search/documentation.ts';
import { readPartyFilter } from '../../search/read-request.ts';
import {
  metadataIn,
  type ServiceResourceMetadataDeps,
  serviceResourceMetadata,
} from '../../service-resource-metadata.ts';

const route = createRoute({
  ...byEndUser,
  method: 'get',
  path: `${endUserPath}/serviceresources`,
  operationId: 'SearchAuthorizedServiceResources',
  summary: 'Read for which services one may see dialogs',
  description:
    'Those that at least one dialog of the party is of. An end user with very many parties who names none is given ' +
    'every service that there are dialogs of, and told so. What is new may take a quarter of an hour to show.',
  parameters: [partyFilter, acceptLanguageHeader],
  responses: { 200: ok(authorizedServiceResourceList, 'In the order of their names.'), ...problemResponses(400) },
});

type Deps = ServiceResourceMetadataDeps & { authorisedResources: AuthorisedResources; catalogue: Catalogue };

/** Not compressed: by the size of what is compressed, others could tell what is in it. */
export function registerListAuthorisedResources(app: GatewayApp, deps: Deps): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), async (c) => {
    const parties = readPartyFilter(c.req.url);
    const languages = requestedLanguages(c);
    if (!parties.ok || !languages.ok) return invalid(c, errorsOf(parties, languages));
    const resources = await deps.authorisedResources(c.get('endUser').id, parties.value);
    if (resources !== 'all') {
      const items = await serviceResourceMetadata(deps, resources);
      return jsonResponse({ items: metadataIn(languages.value, items) }, 200);
    }
    const { items } = await deps.catalogue.listIn(languages.value);
    return new Response(`{"isFullCatalogueFallback":true,"items":${items}}`, {
      headers: { 'Content-Type': 'application/json; charset=utf-8' },
    });
  });
}
