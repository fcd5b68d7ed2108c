import type { Fixtures } from '../fixtures.ts';
import type { Operation } from '../operations.ts';

/** A resource's XACML policy, anonymous; one of the files may be faulty, as a policy in the wild may be. */
export function registerPolicy(operation: Operation, { fixtures }: { fixtures: Fixtures }): void {
  operation('policy', 'GET', '/resourceregistry/api/v1/resource/:id/policy', async (c) => {
    const policy = await fixtures.policy(c.req.param('id') ?? '');
    return policy === undefined ? c.body(null, 404) : c.body(policy, 200, { 'Content-Type': 'application/xml' });
  });
}
