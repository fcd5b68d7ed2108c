import pg from 'pg';

/** SQLSTATE classes that speak of the values in a statement: cardinality, data exception, constraint, program limit. */
const dataClasses: ReadonlySet<string> = new Set(['21', '22', '23', '54']);
/** No partition for a row: the database lacks something, whatever the row. */
const noPartition = '23514';

/**
 * Whether Postgres refused a statement for the values in it, and would do so however often it is tried.
 * Everything else (connections, locks, disk, a schema that is not there yet) passes, or is nothing that values can mend.
 */
export function isValueFault(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return false;
  return dataClasses.has(error.code.slice(0, 2)) && error.code !== noPartition;
}

/** Whether a row belongs to a day for which its table has no partition. */
export function isMissingPartition(error: unknown): boolean {
  return sqlStateOf(error) === noPartition;
}

export function isUniqueViolation(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '23505';
}

/** The SQLSTATE of a fault that Postgres reported. */
export function sqlStateOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** Whether Postgres gave a statement up because it ran longer than the connection allows. */
export function isTimeLimit(error: unknown): boolean {
  return sqlStateOf(error) === '57014';
}
