import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Database, openDatabase } from './open.ts';
import { insertRows } from './rows.ts';
import * as dialogs from './tables/dialogs.ts';
import * as partyResources from './tables/party-resources.ts';

let space: TestSpace;
let db: Database;
let owner: Database;

beforeAll(async () => {
  space = await openTestSpace();
  const settings = { applicationName: 'test', connectionsMax: 1, connectTimeoutMs: 5_000, statementTimeoutMs: 10_000 };
  db = openDatabase(space.databaseUrl, { ...settings, byKey: true });
  owner = openDatabase(space.ownerDatabaseUrl, settings);
});
afterAll(async () => {
  await db.destroy();
  await owner.destroy();
  await space.close();
});

const ids = (count: number) => Array.from({ length: count }, () => crypto.randomUUID());

async function plans(table: string): Promise<{ generic: number; custom: number }[]> {
  const { rows } = await sql<{ generic: number; custom: number }>`
    select generic_plans as generic, custom_plans as custom from pg_prepared_statements
    where statement like ${`select%from "${table}"%`}
  `.execute(db);
  return rows;
}

it('plans a statement once for a connection, however many ids it names', async () => {
  for (const count of [1, 2, 30]) await dialogs.find(db, ids(count));
  expect(await plans('dialog')).toEqual([{ generic: 3, custom: 0 }]);
});

it('goes on with its plans when a later version has added columns', async () => {
  const pair = (party: string) => ({ party, service_resource: 'urn:altinn:resource:r' });
  await dialogs.find(db, ids(1));
  await insertRows(db, 'party_resource', [pair('before')]);
  await sql`
    alter table dialog add column later text;
    alter table party_resource add column later text default 'added'
  `.execute(owner);
  expect(await dialogs.find(db, ids(1))).toEqual(new Map());
  await insertRows(db, 'party_resource', [pair('after')]);
  const known = { party: 'after', serviceResource: 'urn:altinn:resource:r' };
  expect(await partyResources.findKnown(db, [known])).toEqual([known]);
});
