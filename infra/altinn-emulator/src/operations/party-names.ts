import { z } from 'zod';
import type { Fixtures } from '../fixtures.ts';
import type { KeyRing } from '../keys.ts';
import type { Operation } from '../operations.ts';
import { refusal } from './bearer.ts';

const scope = 'altinn:register/partylookup.admin';
const query = z.object({ Data: z.array(z.string()) });

/**
 * The register's names of parties. Needs a platform token with the lookup scope (401, 403) and a subscription key (401);
 * any key will do. Parties that it does not know are left out of the answer.
 */
export function registerPartyNames(
  operation: Operation,
  deps: { fixtures: Fixtures; keyRing: KeyRing; baseUrl: string },
): void {
  const attempts = new Map<string, number>();

  operation('party-names', 'POST', '/register/api/v1/dialogporten/parties/query', async (c) => {
    const refused = await refusal(deps, c, scope);
    if (refused !== undefined) return refused;
    const asked = query.safeParse(await c.req.json());
    if (!asked.success) return c.text(z.prettifyError(asked.error), 400);

    const found = (await deps.fixtures.parties()).filter(({ urn }) => asked.data.Data.includes(urn));
    for (const { urn } of found) attempts.set(urn, (attempts.get(urn) ?? 0) + 1);
    const known = found.filter(({ urn, knownAtAttempt }) => (attempts.get(urn) ?? 0) >= knownAtAttempt);
    const data = known.map(({ partyUuid, displayName, partyType }) => ({ partyUuid, displayName, partyType }));
    return c.json({ data });
  });
}
