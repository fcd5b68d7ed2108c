import type { Fixtures } from '../fixtures.ts';
import { languageOf } from '../language.ts';
import type { Operation } from '../operations.ts';

/** All access packages, by group and area, with their names in the language asked for; anonymous. */
export function registerAccessPackages(operation: Operation, { fixtures }: { fixtures: Fixtures }): void {
  operation('access-packages', 'GET', '/accessmanagement/api/v1/meta/info/accesspackages/export', async (c) => {
    const language = languageOf(c.req.header('accept-language'));
    const groups = await fixtures.accessPackages();
    return c.json(
      groups.map((group) => ({
        ...group,
        areas:
          group.areas?.map((area) => ({
            ...area,
            packages: area.packages?.map((one) => ({ ...one, name: one.name[language] })) ?? null,
          })) ?? null,
      })),
    );
  });
}
