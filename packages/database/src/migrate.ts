import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import pg from 'pg';

const folder = path.join(import.meta.dirname, 'migrations');

/**
 * Brings the schema forward to the newest migration and makes the partitions of the coming days.
 *
 * Safe to call by several processes at once (Kysely holds an advisory lock) and while an older version of the services
 * runs: migrations only go forward, and each must leave room for the version before it.
 *
 * @throws the first migration's fault; what was applied before it stays, the faulty one is rolled back
 */
export async function migrate(databaseUrl: string): Promise<void> {
  const db = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: databaseUrl, max: 2 }) }),
  });
  try {
    const migrator = new Migrator({ db, provider: { getMigrations: readMigrations } });
    const { error, results } = await migrator.migrateToLatest();
    if (error !== undefined) {
      const failed = results?.find((result) => result.status === 'Error');
      const what =
        failed === undefined
          ? 'The migrations could not be read or started'
          : `Migration ${failed.migrationName} failed`;
      throw new Error(what, { cause: error });
    }
    await sql`select ensure_partitions((now() at time zone 'UTC')::date - 1, (now() at time zone 'UTC')::date + 7)`.execute(
      db,
    );
  } finally {
    await db.destroy();
  }
}

// Kysely's own provider works on a path as import() takes it, which is no file path on every system.
async function readMigrations(): Promise<Record<string, Migration>> {
  const names = (await readdir(folder))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.basename(file, '.ts'));
  const migrations = names.map(async (name): Promise<[string, Migration]> => {
    const migration: Migration = await import(`./migrations/${name}.ts`);
    return [name, migration];
  });
  return Object.fromEntries(await Promise.all(migrations));
}
