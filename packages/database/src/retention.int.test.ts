import { randomUUID } from 'node:crypto';
import { type Timestamp, timestampOf } from '@dialog/contracts/timestamp';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Database, openDatabase } from './open.ts';
import { dayMs, dropMark, ensurePartitions, ensurePartitionsFor, list } from './partitions.ts';
import { sweep } from './retention.ts';
import * as lanes from './tables/lanes.ts';
import * as operations from './tables/operations.ts';
import * as outbox from './tables/outbox.ts';
import * as outboxCursors from './tables/outbox-cursors.ts';
import * as taskRuns from './tables/task-runs.ts';

const laneCount = 3;
const retentions = [
  { table: 'operation', keptDays: 30 },
  { table: 'outbox', keptDays: 7 },
] as const;
const today = Math.floor(Date.now() / dayMs) * dayMs;

let space: TestSpace;
let owner: Database;
let db: Database;
beforeAll(async () => {
  space = await openTestSpace();
  owner = open('retention', space.ownerDatabaseUrl);
  db = open('service', space.databaseUrl);
  await lanes.ensure(db, laneCount);
});
beforeEach(async () => {
  await sql`delete from operation`.execute(db);
  await sql`delete from outbox`.execute(db);
  await sql`delete from outbox_cursor`.execute(db);
});
afterAll(async () => {
  await Promise.all([owner.destroy(), db.destroy()]);
  await space.close();
});

function open(applicationName: string, url: string, connectionsMax = 6): Database {
  return openDatabase(url, { applicationName, connectionsMax, connectTimeoutMs: 5_000, statementTimeoutMs: 60_000 });
}

const run = () => sweep(owner, retentions, { lockTimeoutMs: 5_000 });

function daysAgo(days: number): Timestamp {
  return timestampOf(today - days * dayMs + dayMs / 2);
}

function nameOf(table: string, days: number): string {
  return `${table}_${daysAgo(days).slice(0, 10).replaceAll('-', '')}`;
}

async function idAt(at: Timestamp): Promise<string> {
  const { rows } = await sql<{ id: string }>`select uuidv7_floor(${at}) as id`.execute(db);
  const [floor] = rows;
  return (floor?.id ?? '').slice(0, 24) + randomUUID().slice(24);
}

async function partitionsOf(table: 'operation' | 'outbox'): Promise<string[]> {
  return (await list(db, table)).map(({ name }) => name);
}

async function withOldPartitions(...days: number[]): Promise<void> {
  await ensurePartitionsFor(db, { ids: [], instants: days.map(daysAgo) });
}

async function insertOperation(id: string, endedAt: Timestamp): Promise<void> {
  await operations.insert(db, [
    {
      ...{ id, org: 'ttd', dialogId: id, kind: 'CreateDialog', status: 'Applied', revision: randomUUID() },
      ...{ receivedAt: endedAt, endedAt },
    },
  ]);
}

async function write(on: Database, lane: number, occurredAt: Timestamp): Promise<number> {
  const dialogId = randomUUID();
  const change = {
    ...{ dialogId, revision: randomUUID(), org: 'ttd', party: 'p', serviceResource: 's', process: null },
    ...{ precedingProcess: null, occurredAt, traceparent: null, events: [] },
  };
  return on.transaction().execute(async (trx) => {
    const before = await lanes.lock(trx, lane);
    await outbox.append(trx, lane, before, [change]);
    return before + 1;
  });
}

describe('a sweep', () => {
  it('drops the days that are older than their table keeps them, and no others', async () => {
    await withOldPartitions(7, 8, 30, 31, 400);
    await insertOperation(await idAt(daysAgo(31)), daysAgo(31));
    const swept = await run();
    // Noon seven days ago is younger than seven days for the rest of its day.
    expect(swept?.dropped.sort()).toEqual([
      nameOf('operation', 400),
      nameOf('operation', 31),
      ...[400, 31, 30, 8].map((days) => nameOf('outbox', days)),
    ]);
    expect(swept?.kept).toEqual([]);
    expect(await partitionsOf('operation')).toEqual(
      expect.arrayContaining([nameOf('operation', 30), nameOf('operation', 0), nameOf('operation', -7)]),
    );
    expect((await partitionsOf('outbox'))[0]).toBe(nameOf('outbox', 7));
    expect(await taskRuns.lastFinished(db, 'retention')).toBeDefined();
    expect((await run())?.dropped).toEqual([]);
  });

  it('keeps a day of which an operation ended later: its command waited on the lane', async () => {
    await withOldPartitions(40);
    const id = await idAt(daysAgo(40));
    await insertOperation(id, daysAgo(29));
    expect((await run())?.kept).toEqual([
      { partition: nameOf('operation', 40), reason: 'some of its operations ended later' },
    ]);
    expect((await operations.find(db, [id])).size).toBe(1);
    const later = await sweep(owner, retentions, { lockTimeoutMs: 5_000, nowMs: () => Date.now() + 3 * dayMs });
    expect(later?.dropped).toContain(nameOf('operation', 40));
    expect((await operations.find(db, [id])).size).toBe(0);
  });

  it('keeps what a reader of the outbox has not passed, in whichever lane, and tells who that is', async () => {
    await withOldPartitions(10);
    await write(db, 0, daysAgo(10));
    const newest = await write(db, 2, daysAgo(10));
    const kept = (reason: string) => [{ partition: nameOf('outbox', 10), reason }];
    // The relay has not even been started.
    expect((await run())?.kept).toEqual(kept('not read yet by event-relay'));

    await outboxCursors.ensure(db, 'event-relay');
    await outboxCursors.ensure(db, 'altinn-events');
    for (const reader of ['event-relay', 'altinn-events']) await outboxCursors.advance(db, reader, 0, 1_000);
    await outboxCursors.advance(db, 'event-relay', 2, newest);
    await outboxCursors.advance(db, 'altinn-events', 2, newest - 1);
    expect((await run())?.kept).toEqual(kept('not read yet by altinn-events'));
    expect(await outbox.after(db, 2, newest - 1, 1)).toHaveLength(1);

    await outboxCursors.advance(db, 'altinn-events', 2, newest);
    expect(await run()).toEqual({ dropped: [nameOf('outbox', 10)], kept: [] });
  });

  it('leaves it to another process that is at it', async () => {
    const held = open('other', space.ownerDatabaseUrl, 1);
    await sql`select pg_advisory_lock(hashtext('retention'))`.execute(held);
    expect(await run()).toBeUndefined();
    await held.destroy();
    await vi.waitFor(async () => expect(await run()).toBeDefined());
  });

  it('is refused to the role of the services', async () => {
    await withOldPartitions(10);
    await expect(sweep(db, retentions, { lockTimeoutMs: 1_000 })).rejects.toThrow(/must be owner/);
    expect(await partitionsOf('outbox')).toContain(nameOf('outbox', 10));
  });
});

describe('a sweep that was cut short', () => {
  it.each([
    ['before the first step', async () => {}],
    [
      'while it waited for a reader, which left the partition half detached',
      async (partition: string) => {
        await withReader(async () => {
          await expect(sweep(owner, retentions, { lockTimeoutMs: 50 })).rejects.toThrow(/lock timeout/);
          expect(await list(db, 'outbox')).toContainEqual(
            expect.objectContaining({ name: partition, state: 'pending' }),
          );
        });
      },
    ],
    [
      'between detaching and dropping',
      async (partition: string) => {
        await sql`comment on table ${sql.table(partition)} is ${sql.lit(dropMark)}`.execute(owner);
        await sql`alter table outbox detach partition ${sql.table(partition)}`.execute(owner);
      },
    ],
  ])('%s is brought to its end by the next', async (_, interrupt) => {
    await withOldPartitions(10);
    await interrupt(nameOf('outbox', 10));
    expect((await run())?.dropped).toContain(nameOf('outbox', 10));
    expect(await partitionsOf('outbox')).not.toContain(nameOf('outbox', 10));
  });

  it('is told from a partition that somebody took off to keep it', async () => {
    await withOldPartitions(10);
    await sql`alter table outbox detach partition ${sql.table(nameOf('outbox', 10))}`.execute(owner);
    expect((await run())?.dropped).not.toContain(nameOf('outbox', 10));
    const { rows } = await sql`select from pg_class where relname = ${nameOf('outbox', 10)}`.execute(db);
    expect(rows).toHaveLength(1);
    await sql`drop table ${sql.table(nameOf('outbox', 10))}`.execute(owner);
  });
});

it.each([true, false])('reads of operations the days alone that are asked for; planned once: %s', async (byKey) => {
  await withOldPartitions(1, 2, 3, 4, 5);
  const pool = openDatabase(space.databaseUrl, {
    ...{ applicationName: 'look-up', connectionsMax: 1, connectTimeoutMs: 5_000, statementTimeoutMs: 10_000, byKey },
  });
  const ids = await Promise.all([daysAgo(4), daysAgo(3), daysAgo(3)].map(idAt));
  const read = await pool.transaction().execute(async (trx) => {
    await operations.find(trx, ids);
    const { rows } = await sql<{ name: string }>`
      select relname as name from pg_stat_xact_user_tables
      where relname like 'operation%' and coalesce(idx_scan, 0) + seq_scan > 0 order by 1
    `.execute(trx);
    return rows.map(({ name }) => name);
  });
  expect(read).toEqual([nameOf('operation', 4), nameOf('operation', 3)]);
  await pool.destroy();
});

describe('inserts and look-ups at full speed', () => {
  it('never wait while partitions are dropped and made, with a long transaction at work on the tables as well', async () => {
    await withOldPartitions(10, 40);
    const traffic = startTraffic();
    let swept: Awaited<ReturnType<typeof run>>;
    try {
      await withReader(async () => {
        const sweeping = sweep(owner, retentions, { lockTimeoutMs: 60_000 });
        await vi.waitFor(async () =>
          expect(await list(db, 'operation')).toContainEqual(expect.objectContaining({ state: 'pending' })),
        );
        await ensurePartitions(owner, 12);
        await traffic.goesOn(200);
        return { sweeping };
      }).then(async ({ sweeping }) => {
        swept = await sweeping;
      });
      await traffic.goesOn(50);
    } finally {
      await traffic.stop();
    }
    expect(swept?.dropped).toEqual(
      expect.arrayContaining([nameOf('operation', 40), nameOf('outbox', 40), nameOf('outbox', 10)]),
    );
    expect(await partitionsOf('outbox')).toContain(nameOf('outbox', -12));
    expect(traffic.seen()).toMatchObject({ waits: [], faults: [], lost: 0 });
  });

  it('would wait for a plain detach', async () => {
    await withOldPartitions(10);
    const traffic = startTraffic();
    try {
      await withReader(async () => {
        const plain = sql`alter table outbox detach partition ${sql.table(nameOf('outbox', 10))}`.execute(owner);
        await vi.waitFor(() => expect(traffic.seen().waits.length).toBeGreaterThan(0));
        return { plain };
      }).then(({ plain }) => plain);
    } finally {
      await traffic.stop();
    }
    await sql`drop table ${sql.table(nameOf('outbox', 10))}`.execute(owner);
  });
});

/** Does something while a transaction that has read both tables stays open. */
async function withReader<Result>(work: () => Promise<Result>): Promise<Result> {
  return db.transaction().execute(async (trx) => {
    await sql`select count(*) from operation, outbox`.execute(trx);
    return work();
  });
}

/** As many writers and readers as there are lanes, and one who looks whether any of them waits for a lock of the owner's. */
function startTraffic() {
  const traffic = open('traffic', space.databaseUrl, 2 * laneCount);
  const waits: string[] = [];
  const faults: unknown[] = [];
  let written = 0;
  let lost = 0;
  let stopped = false;

  const loop = async (step: () => Promise<void>) => {
    while (!stopped) await step().catch((fault: unknown) => faults.push(fault));
  };
  const writer = (lane: number) => async () => {
    const now = timestampOf(Date.now());
    const id = await idAt(now);
    const seq = await write(traffic, lane, now);
    await insertOperation(id, now);
    const [found, rows] = await Promise.all([operations.find(traffic, [id]), outbox.after(traffic, lane, seq - 1, 1)]);
    if (!found.has(id) || rows[0]?.seq !== seq) lost += 1;
    written += 1;
  };
  const watcher = async () => {
    const { rows } = await sql<{ query: string }>`
      select query from pg_stat_activity
      where datname = current_database() and application_name in ('traffic', 'service') and wait_event_type = 'Lock'
        and pg_blocking_pids(pid) && array(select pid from pg_stat_activity where application_name = 'retention')
    `.execute(db);
    waits.push(...rows.map(({ query }) => query));
  };
  const loops = [...Array.from({ length: laneCount }, (_, lane) => loop(writer(lane))), loop(watcher)];

  return {
    seen: () => ({ waits, faults, lost }),
    /** Until so many more rows have been written and read. */
    async goesOn(more: number): Promise<void> {
      const goal = written + more;
      await vi.waitFor(() => expect(written).toBeGreaterThanOrEqual(goal), { timeout: 30_000, interval: 20 });
    },
    async stop(): Promise<void> {
      stopped = true;
      await Promise.all(loops);
      await traffic.destroy();
    },
  };
}
