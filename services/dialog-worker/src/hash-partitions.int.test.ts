import { partitionDialogs } from '@dialog/database/hash-partitions';
import type { Database } from '@dialog/database/open';
import * as examples from '@dialog/domain/testing/examples';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rowsOf } from './testing/stored-rows.ts';
import { openWorkerFixture, type WorkerFixture } from './testing/worker-fixture.ts';

const divided = [
  'dialog',
  'dialog_activity',
  'dialog_label_log',
  'dialog_seen_log',
  'dialog_transmission',
  'withheld_event',
];

let fixture: WorkerFixture;
let db: Database;
let owner: Database;
beforeAll(async () => {
  fixture = await openWorkerFixture();
  db = fixture.db;
  owner = fixture.openAsOwner();
});
afterAll(async () => {
  await owner.destroy();
  await fixture.close();
});

async function create(): Promise<string> {
  const dialogId = uuidv7();
  const { transmissionBody, activityBody } = examples;
  const ended = await fixture.apply(
    0,
    fixture.on(
      dialogId,
      examples.createDialog({
        transmissions: [transmissionBody({ idempotentKey: 'letter-1' }), transmissionBody({})],
        activities: [activityBody({})],
        serviceOwnerLabels: ['case:1'],
      }),
    ),
    fixture.on(dialogId, examples.patchDialog([{ op: 'replace', path: '/progress', value: 50 }])),
  );
  expect(ended.map(({ status, problem }) => problem ?? status)).toEqual(['Applied', 'Applied']);
  return dialogId;
}

/** All that the divided tables are beside their rows, as it looks whether they are divided or not. */
async function schema() {
  const [columns, indexes, constraints, grants] = await Promise.all([
    sql`select table_name, column_name, data_type, column_default, is_nullable, generation_expression
      from information_schema.columns where table_name = any(${divided}) order by 1, ordinal_position`.execute(owner),
    sql`select tablename, indexname, replace(indexdef, ' ON ONLY ', ' ON ') from pg_indexes
      where tablename = any(${divided}) order by 2`.execute(owner),
    sql`select conrelid::regclass, conname, pg_get_constraintdef(oid) from pg_constraint
      where conrelid = any(${divided}::regclass[]) order by 2`.execute(owner),
    sql`select table_name, grantee, privilege_type from information_schema.role_table_grants
      where table_name = any(${divided}) order by 1, 2, 3`.execute(owner),
  ]);
  return { columns: columns.rows, indexes: indexes.rows, constraints: constraints.rows, grants: grants.rows };
}

/** Into how many partitions each of the tables is divided. */
async function counts(): Promise<number[]> {
  const { rows } = await sql<{ count: number }>`
    select count(inhrelid) from unnest(${divided}::regclass[]) as parent left join pg_inherits on inhparent = parent
    group by parent
  `.execute(owner);
  return rows.map(({ count }) => count);
}

it('changes nothing but where the rows of a dialog are, to any number of partitions and back', async () => {
  await partitionDialogs(owner, 0);
  const before = await schema();
  expect(before.indexes.length).toBeGreaterThan(15);
  for (const count of [8, 3, 0]) {
    const ids = await Promise.all(Array.from({ length: 20 }, create));
    const stored = () => Promise.all(ids.map((id) => rowsOf(db, id)));
    const rows = await stored();
    expect((await partitionDialogs(owner, count)).sort()).toEqual(divided);
    expect(await schema()).toEqual(before);
    expect(await counts()).toEqual(divided.map(() => count));
    expect(await stored()).toEqual(rows);
    expect(await partitionDialogs(owner, count)).toEqual([]);
    // By the role of the services.
    await create();
  }
});

it('finds a dialog in one partition, and what is asked of a party in all of them', async () => {
  await partitionDialogs(owner, 8);
  const partitionsIn = async (plan: ReturnType<typeof sql>) => {
    const { rows } = await sql<{ 'QUERY PLAN': string }>`explain ${plan}`.execute(db);
    // A partition may be named twice, with its index on a line of its own.
    const named = rows.flatMap((row) => / on (dialog\w*_of_8_\d)/.exec(row['QUERY PLAN'])?.[1] ?? []);
    return new Set(named).size;
  };
  const [id, other] = [await create(), await create()];
  expect(await partitionsIn(sql`select * from dialog where id in (${id})`)).toBe(1);
  expect(await partitionsIn(sql`select * from dialog where id = any(${[id, other]}::uuid[])`)).toBeLessThanOrEqual(2);
  expect(await partitionsIn(sql`select * from dialog_transmission where dialog_id = ${id}`)).toBe(1);
  expect(await partitionsIn(sql`select id from dialog where party = 'p'`)).toBe(8);
});
