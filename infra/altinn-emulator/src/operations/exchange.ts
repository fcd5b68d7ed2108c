import { z } from 'zod';
import type { Fixtures } from '../fixtures.ts';
import type { KeyRing } from '../keys.ts';
import type { Operation } from '../operations.ts';
import { exchangedClaims, signToken } from '../tokens.ts';
import { bearerClaims } from './bearer.ts';

const exchangedSeconds = 30 * 60;

const maskinportenClaims = z.object({
  scope: z.string(),
  consumer: z.object({ ID: z.string().startsWith('0192:') }),
});

/** Altinn's exchange of a Maskinporten token for one of its own: bare text; 401 for a token that does not hold. */
export function registerExchange(
  operation: Operation,
  deps: { fixtures: Fixtures; keyRing: KeyRing; baseUrl: string },
): void {
  operation('exchange', 'GET', '/authentication/api/v1/exchange/maskinporten', async (c) => {
    const claims = maskinportenClaims.safeParse(
      await bearerClaims(deps, 'maskinporten', c.req.header('authorization')),
    );
    if (!claims.success) return c.body(null, 401);
    const orgNumber = claims.data.consumer.ID.slice('0192:'.length);
    const { orgs } = await deps.fixtures.serviceOwners();
    const org = Object.entries(orgs).find(([, { orgnr }]) => orgnr === orgNumber)?.[0];
    return c.text(
      await signToken(deps, 'altinn', exchangedClaims(orgNumber, org, claims.data.scope), exchangedSeconds),
    );
  });
}
