import { timestampOf } from '@dialog/contracts/timestamp';
import type { Database } from '@dialog/database/open';
import { dayMs, ensurePartitionsFor } from '@dialog/database/partitions';
import * as outboxCursors from '@dialog/database/tables/outbox-cursors';
import { createLogger } from '@dialog/telemetry/logger';
import { sql } from 'kysely';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createRetentionMetrics } from './metrics.ts';
import { keepPrepared } from './prepare-database.ts';
import { startRetention } from './retention.ts';
import { openWorkerFixture, type WorkerFixture } from './testing/worker-fixture.ts';

const log = createLogger('test', 'silent');
const tenDaysAgo = timestampOf(Date.now() - 10 * dayMs);

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

function start(as: Database | undefined) {
  const registry = new Registry();
  const worker = startRetention(
    { db, owner: as, log, metrics: createRetentionMetrics(registry) },
    {
      ...{ periodMs: 200, lockTimeoutMs: 1_000 },
      retentions: [
        { table: 'operation', keptDays: 30 },
        { table: 'outbox', keptDays: 7 },
      ],
    },
  );
  onTestFinished(() => worker.stop());
  return async (name: string, table?: string) => {
    const { values } = (await registry.getSingleMetric(name)?.get()) ?? { values: [] };
    return values.find(({ labels }) => labels.table === table)?.value;
  };
}

it('keeps a day of the outbox for who is behind, shows it at every worker, and drops it when that has passed', async () => {
  await ensurePartitionsFor(db, { ids: [], instants: [tenDaysAgo] });
  await sql`insert into outbox (lane, seq, occurred_at, change) values (1, 1, ${tenDaysAgo}, '{}')`.execute(db);
  const metric = start(owner);
  const metricOfOther = start(undefined);

  for (const at of [metric, metricOfOther]) {
    await vi.waitFor(
      async () => {
        expect(await at('dialog_retention_finished_timestamp_seconds')).toBeGreaterThan(0);
        expect(await at('dialog_partitions_overdue', 'outbox')).toBe(1);
      },
      { timeout: 10_000 },
    );
    expect(await at('dialog_partitions_overdue', 'operation')).toBe(0);
    expect((await at('dialog_partitions_oldest_seconds', 'outbox')) ?? 0).toBeGreaterThan((10 * dayMs) / 1_000);
    expect(await at('dialog_partitions_ahead_days', 'outbox')).toBe(7);
  }

  await outboxCursors.ensure(db, 'event-relay');
  await outboxCursors.advance(db, 'event-relay', 1, 1);
  for (const at of [metric, metricOfOther]) {
    await vi.waitFor(async () => expect(await at('dialog_partitions_overdue', 'outbox')).toBe(0), { timeout: 10_000 });
  }
  expect(await metric('dialog_partitions_dropped_total')).toBe(1);
  expect(await metricOfOther('dialog_partitions_dropped_total')).toBe(0);
});

it('tries on when it fails, and counts that', async () => {
  const metric = start(db);
  await ensurePartitionsFor(db, { ids: [], instants: [tenDaysAgo] });
  await vi.waitFor(async () => expect((await metric('dialog_retention_faults_total')) ?? 0).toBeGreaterThan(2), {
    timeout: 5_000,
  });
});

describe('a worker', () => {
  it('does not begin while its clock is wrong', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 60_000 });
    onTestFinished(() => void vi.useRealTimers());
    const stopping = new AbortController();
    onTestFinished(() => stopping.abort());
    const warned = vi.fn<() => void>();
    let prepared = false;
    const settings = { laneCount: fixture.laneCount, partitionDaysAhead: 7, clockSkewMaxMs: 60_000 };
    const began = keepPrepared(
      { db, log: Object.assign(Object.create(log), { warn: warned }) },
      settings,
      stopping.signal,
    );
    void began.then(() => {
      prepared = true;
    });
    await vi.waitFor(() => expect(warned).toHaveBeenCalledOnce());
    expect(prepared).toBe(false);
    vi.useRealTimers();
    await began;
  });
});
