import type { DialogTokens } from '@dialog/access/dialog-token';
import { createRoute, z } from '@hono/zod-openapi';
import { jsonAccepted } from '../accepts-json.ts';
import { type GatewayApp, wellKnownPath } from '../gateway-app.ts';
import { jsonResponse } from '../json-response.ts';
import { cachedForADay, publicDocument } from '../openapi.ts';

const metadata = z.object({ issuer: z.url(), jwks_uri: z.url() });

const route = createRoute({
  ...publicDocument(metadata, 'What `iss` says in dialog tokens, and where the keys are that verify them.'),
  method: 'get',
  path: `${wellKnownPath}/oauth-authorization-server`,
  operationId: 'GetOauthAuthorizationServer',
  summary: 'Get the metadata of the issuer of dialog tokens',
});

export function registerGetIssuerMetadata(app: GatewayApp, { dialogTokens }: { dialogTokens: DialogTokens }): void {
  const { issuer } = dialogTokens;
  const body = { issuer, jwks_uri: `${issuer}/.well-known/jwks.json` };
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), jsonAccepted(), () => jsonResponse(body, 200, cachedForADay));
}
