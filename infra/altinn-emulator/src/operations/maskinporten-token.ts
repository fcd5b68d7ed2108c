import { createLocalJWKSet, decodeJwt, errors, type JSONWebKeySet, jwtVerify } from 'jose';
import type { Client, Fixtures } from '../fixtures.ts';
import { clientKey, type KeyRing, publicPart } from '../keys.ts';
import type { Operation } from '../operations.ts';
import { consumerClaim, issuersAt, signToken } from '../tokens.ts';

const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const assertionSecondsMax = 120;
const tokenSeconds = 120;

type Deps = { fixtures: Fixtures; keyRing: KeyRing; baseUrl: string };

/**
 * Maskinporten's token endpoint: an assertion that a registered client signed, for a token (RFC 7523).
 * What does not hold is answered with 400 and, for the developer, what it was.
 */
export function registerMaskinportenToken(operation: Operation, deps: Deps): void {
  operation('maskinporten-token', 'POST', '/token', async (c) => {
    const form = await c.req.parseBody();
    const assertion = form.assertion;
    if (form.grant_type !== grantType) return c.json({ error: 'unsupported_grant_type' }, 400);
    if (typeof assertion !== 'string') return c.json(invalidGrant('assertion is missing'), 400);

    let granted: { client: Client; scope: string };
    try {
      granted = await verifyAssertion(deps, assertion);
    } catch (err) {
      if (!(err instanceof errors.JOSEError)) throw err;
      return c.json(invalidGrant(err.message), 400);
    }
    const { client, scope } = granted;
    const foreign = scope.split(' ').filter((one) => !client.scopes.includes(one));
    if (foreign.length > 0) {
      return c.json(
        { error: 'invalid_scope', error_description: `${client.clientId} may not ask for ${foreign}` },
        400,
      );
    }
    const claims = { client_id: client.clientId, scope, consumer: consumerClaim(client.orgNumber) };
    const access_token = await signToken(deps, 'maskinporten', claims, tokenSeconds);
    return c.json({ access_token, token_type: 'Bearer', expires_in: tokenSeconds - 1, scope });
  });
}

async function verifyAssertion({ fixtures, keyRing, baseUrl }: Deps, assertion: string) {
  const { iss: clientId } = decodeJwt(assertion);
  const client = (await fixtures.clients()).find((one) => one.clientId === clientId);
  if (client === undefined) throw new errors.JWTInvalid('iss is no registered client');
  const keys: JSONWebKeySet = client.jwks ?? { keys: (await keyRing.keys(clientKey(client.clientId))).map(publicPart) };
  const { payload } = await jwtVerify(assertion, createLocalJWKSet(keys), {
    audience: issuersAt(baseUrl).maskinporten,
    algorithms: ['RS256'],
    maxTokenAge: assertionSecondsMax,
    requiredClaims: ['exp', 'jti', 'scope'],
  });
  if (payload.exp === undefined || payload.iat === undefined || payload.exp - payload.iat > assertionSecondsMax) {
    throw new errors.JWTInvalid(`exp may be at most ${assertionSecondsMax} seconds after iat`);
  }
  if (typeof payload.scope !== 'string') throw new errors.JWTInvalid('scope must be a string');
  return { client, scope: payload.scope };
}

function invalidGrant(description: string) {
  return { error: 'invalid_grant', error_description: description };
}
