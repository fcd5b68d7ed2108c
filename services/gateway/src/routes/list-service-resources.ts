import { serviceResourceList } from '@dialog/contracts/metadata-view';
import { createRoute } from '@hono/zod-openapi';
import { compress } from 'hono/compress';
import { etag } from 'hono/etag';
import { requestedLanguages } from '../accepted-languages.ts';
import type { Catalogue } from '../catalogue.ts';
import { type GatewayApp, metadataPath } from '../gateway-app.ts';
import { acceptLanguageHeader, anonymousResponses, byAnybody, jsonContent } from '../openapi.ts';
import { invalid } from '../problem-response.ts';

/** Resources come and go with new services, not by the minute. */
const maxAgeS = 600;

const caching = {
  ETag: { description: 'Of this very answer, for If-None-Match.', schema: { type: 'string' } },
  'Cache-Control': { description: 'For how long the answer may be kept.', schema: { type: 'string' } },
} as const;

const route = createRoute({
  ...byAnybody,
  method: 'get',
  path: `${metadataPath}/serviceresources`,
  operationId: 'GetServiceResourceMetadata',
  summary: 'Read which services there are dialogs of',
  description: 'With the roles and access packages that give something on them.',
  parameters: [acceptLanguageHeader],
  responses: {
    200: { description: 'In the order of their names.', headers: caching, content: jsonContent(serviceResourceList) },
    304: { description: 'The answer is the one that the caller has.', headers: caching },
    ...anonymousResponses(400, 502),
  },
});

export function registerListServiceResources(app: GatewayApp, { catalogue }: { catalogue: Catalogue }): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), compress(), etag(), async (c) => {
    const languages = requestedLanguages(c);
    if (!languages.ok) return invalid(c, languages.errors);
    const { items, etag: tag } = await catalogue.listIn(languages.value);
    return new Response(`{"items":${items}}`, {
      headers: {
        'Content-Type': 'application/json; charset=utf-8',
        'Cache-Control': `public, max-age=${maxAgeS}`,
        Vary: 'Accept-Language',
        ETag: tag,
      },
    });
  });
}
