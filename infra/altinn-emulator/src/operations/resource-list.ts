import type { Fixtures } from '../fixtures.ts';
import type { Operation } from '../operations.ts';

/** The resource registry's whole list, anonymous. Migrated apps only where asked for. */
export function registerResourceList(operation: Operation, { fixtures }: { fixtures: Fixtures }): void {
  operation('resource-list', 'GET', '/resourceregistry/api/v1/resource/resourcelist', async (c) => {
    const resources = await fixtures.resources();
    const migrated = c.req.query('includeMigratedApps')?.toLowerCase() === 'true';
    return c.json(migrated ? resources : resources.filter(({ resourceType }) => resourceType !== 'MigratedApp'));
  });
}
