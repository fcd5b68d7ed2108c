/**
 * partition-dialogs divides the tables that hold dialogs into hash partitions by the dialog's id, or puts them together
 * again. Run it with the worker's environment, when nobody writes.
 */
import { partitionDialogs } from '@dialog/database/hash-partitions';
import { openDatabase } from '@dialog/database/open';
import { parseConfig, url, wholeNumber } from '@dialog/telemetry/config';
import { z } from 'zod';

const usage = `Usage:
  partition-dialogs <number>   of partitions that each table is divided into, up to 1024; 0 for none

Writes the tables anew, in one transaction: what is asked of them meanwhile waits or fails, and lanes go on by themselves
when it is through. That takes as much space as they have, and some minutes for each million dialogs. Every process
should be stopped, or its work be able to wait.

OWNER_DATABASE_URL is the database, as the role that owns the tables.
`;

/** Longest statement: writing one table anew, or one of its indexes. */
const statementTimeoutMs = 24 * 60 * 60 * 1_000;

process.exitCode = await run(process.argv.slice(2));

async function run([text, ...rest]: string[]): Promise<number> {
  const count = wholeNumber(0, 1024).safeParse(text);
  if (!count.success || rest.length > 0) {
    const isHelp = text === '--help' || text === '-h';
    process[isHelp ? 'stdout' : 'stderr'].write(usage);
    return isHelp ? 0 : 2;
  }
  try {
    const { OWNER_DATABASE_URL: ownerUrl } = parseConfig(
      z.object({ OWNER_DATABASE_URL: url(['postgres', 'postgresql']) }),
      process.env,
    );
    const owner = openDatabase(ownerUrl, {
      ...{ applicationName: 'partition-dialogs', connectionsMax: 1, connectTimeoutMs: 5_000, statementTimeoutMs },
    });
    try {
      const startedAt = performance.now();
      const tables = await partitionDialogs(owner, count.data);
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      process.stdout.write(
        tables.length === 0
          ? 'All tables are like that already.\n'
          : `${tables.join(', ')}: ${count.data} partitions each, after ${seconds} s.\n`,
      );
      return 0;
    } finally {
      await owner.destroy();
    }
  } catch (err) {
    process.stderr.write(`${err instanceof Error ? err.message : String(err)}\n`);
    return 1;
  }
}
