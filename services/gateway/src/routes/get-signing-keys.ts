import type { DialogTokens } from '@dialog/access/dialog-token';
import { publicKeySet } from '@dialog/access/dialog-token-keys';
import { createRoute, z } from '@hono/zod-openapi';
import { jsonAccepted } from '../accepts-json.ts';
import { type GatewayApp, wellKnownPath } from '../gateway-app.ts';
import { jsonResponse } from '../json-response.ts';
import { cachedForADay, publicDocument } from '../openapi.ts';

const key = z.object({
  kty: z.literal('OKP'),
  use: z.literal('sig'),
  kid: z.string(),
  crv: z.literal('Ed25519'),
  x: z.string(),
  alg: z.literal('EdDSA'),
});

const route = createRoute({
  ...publicDocument(
    z.object({ keys: z.array(key) }),
    'Keys of dialog tokens (RFC 7517). One of them signs, and any may have.',
  ),
  method: 'get',
  path: `${wellKnownPath}/jwks.json`,
  operationId: 'GetJwks',
  summary: 'Get the keys that verify dialog tokens',
  description:
    'Keep them, read them again at least every 24 hours, and take any of them: a new one is here 48 hours before it signs.',
});

export function registerGetSigningKeys(app: GatewayApp, { dialogTokens }: { dialogTokens: DialogTokens }): void {
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), jsonAccepted(), async () =>
    jsonResponse(publicKeySet(await dialogTokens.keys()), 200, cachedForADay),
  );
}
