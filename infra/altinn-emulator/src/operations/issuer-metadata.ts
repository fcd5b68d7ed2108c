import { type KeyRing, publicPart } from '../keys.ts';
import type { Operation } from '../operations.ts';
import { type IssuerName, issuersAt } from '../tokens.ts';

const oauth = '/.well-known/oauth-authorization-server';
const openId = '/.well-known/openid-configuration';
const altinn = '/authentication/api/v1/openid';
const idporten = '/idporten';

/**
 * Metadata and keys of the issuers: Maskinporten at the root (as both kinds of document, so that a client that knows
 * only one finds it), those of Altinn and ID-porten under paths of their own.
 */
export function registerIssuerMetadata(operation: Operation, deps: { keyRing: KeyRing; baseUrl: string }): void {
  const { keyRing, baseUrl } = deps;
  operation('oauth-authorization-server', 'GET', oauth, async (c) => c.json(metadata('maskinporten', '/jwk')));
  operation('openid-configuration', 'GET', openId, async (c) => c.json(metadata('maskinporten', '/jwk')));
  operation('altinn-openid-configuration', 'GET', `${altinn}${openId}`, async (c) =>
    c.json(metadata('altinn', `${altinn}${openId}/jwks`)),
  );
  operation('idporten-openid-configuration', 'GET', `${idporten}${openId}`, async (c) =>
    c.json(metadata('idporten', `${idporten}/jwks.json`)),
  );
  operation('idporten-jwks', 'GET', `${idporten}/jwks.json`, async (c) => c.json(await published('idporten')));
  operation('jwks', 'GET', '/jwk', async (c) => c.json(await published('maskinporten')));
  operation('altinn-jwks', 'GET', `${altinn}${openId}/jwks`, async (c) => c.json(await published('altinn')));

  function metadata(issuer: IssuerName, jwksPath: string) {
    return {
      issuer: issuersAt(baseUrl)[issuer],
      jwks_uri: `${baseUrl}${jwksPath}`,
      token_endpoint: `${baseUrl}/token`,
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
      grant_types_supported: ['urn:ietf:params:oauth:grant-type:jwt-bearer'],
      token_endpoint_auth_signing_alg_values_supported: ['RS256'],
    };
  }

  async function published(issuer: IssuerName) {
    return { keys: (await keyRing.keys(issuer)).map(publicPart) };
  }
}
