import { isValueFault } from '@dialog/database/faults';

/** Postgres cannot be reached, or is in no state to answer. The same question may be answered later. */
export class DatabaseUnavailable extends Error {
  override name = 'DatabaseUnavailable';
}

/** Asks the database. @throws DatabaseUnavailable, or a fault that lies in the question itself */
export async function read<Answer>(question: () => Promise<Answer>): Promise<Answer> {
  try {
    return await question();
  } catch (err) {
    if (isValueFault(err)) throw err;
    throw new DatabaseUnavailable('Postgres does not answer.', { cause: err });
  }
}
