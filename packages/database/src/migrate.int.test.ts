import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrate } from './migrate.ts';
import { type Database, openDatabase } from './open.ts';

let space: TestSpace;
let owner: Database;

beforeAll(async () => {
  space = await openTestSpace();
  owner = openDatabase(space.ownerDatabaseUrl, {
    applicationName: 'test',
    connectionsMax: 2,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 10_000,
  });
});
afterAll(async () => {
  await owner.destroy();
  await space.close();
});

it('gives one schema to any number of processes that migrate at once', async () => {
  await sql`drop schema public cascade`.execute(owner);
  await sql`create schema public`.execute(owner);
  await Promise.all(Array.from({ length: 5 }, () => migrate(space.ownerDatabaseUrl)));
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(owner);
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  expect(rows.length).toBeGreaterThan(0);
});

it('matches the generated types: after a new migration, run `pnpm --filter @dialog/database generate`', async () => {
  const folder = path.join(import.meta.dirname, '..');
  const codegen = path.join(folder, 'node_modules/kysely-codegen/dist/cli/bin.js');
  const verify = process.env.GENERATE_SCHEMA === undefined ? ['--verify'] : [];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [codegen, '--config-file', 'codegen.json', ...verify],
    { cwd: folder, env: { ...process.env, DATABASE_URL: space.ownerDatabaseUrl } },
  );
  if (verify.length === 0) return;
  expect(stdout).toContain('up-to-date');
});

it('keeps partitions ahead of today, however often it is asked', async () => {
  await migrate(space.ownerDatabaseUrl);
  const { rows } = await sql<{ partitions: number }>`
    select count(*) as partitions from pg_inherits where inhparent = 'outbox'::regclass
  `.execute(owner);
  expect(rows).toEqual([{ partitions: 9 }]);
});
