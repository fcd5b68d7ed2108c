import { sql } from 'kysely';

/** Any of some ids, to compare with: one parameter and one statement, however many there are. */
export function anyOf(ids: readonly string[]) {
  return sql<string>`any(${ids}::uuid[])`;
}
