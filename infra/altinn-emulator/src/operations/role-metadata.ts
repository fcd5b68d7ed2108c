import type { Fixtures } from '../fixtures.ts';
import { languageOf } from '../language.ts';
import type { Operation } from '../operations.ts';

/** Roles with their names in the language asked for; anonymous. */
export function registerRoleMetadata(operation: Operation, { fixtures }: { fixtures: Fixtures }): void {
  operation('role-metadata', 'GET', '/accessmanagement/api/v1/meta/info/roles', async (c) => {
    const language = languageOf(c.req.header('accept-language'));
    return c.json((await fixtures.roles()).map((role) => ({ ...role, name: role.name[language] })));
  });
}
