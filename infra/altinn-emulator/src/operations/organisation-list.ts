import type { Fixtures } from '../fixtures.ts';
import type { Operation } from '../operations.ts';

/** The service owners, as the CDN publishes them; anonymous. */
export function registerOrganisationList(operation: Operation, { fixtures }: { fixtures: Fixtures }): void {
  operation('organisation-list', 'GET', '/orgs/altinn-orgs.json', async (c) => c.json(await fixtures.serviceOwners()));
}
