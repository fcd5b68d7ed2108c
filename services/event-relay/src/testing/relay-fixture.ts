import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Database, openDatabase } from '@dialog/database/open';
import { openTestSpace, type TestSpace } from '@dialog/local/testing';
import { parseConfig } from '@dialog/telemetry/config';
import { createLogger } from '@dialog/telemetry/logger';
import { createMetrics } from '@dialog/telemetry/metrics';
import type { NatsConnection } from '@nats-io/transport-node';
import { sql } from 'kysely';
import type { Registry } from 'prom-client';
import { vi } from 'vitest';
import { relayConfig } from '../config.ts';
import { reader } from '../deliver.ts';
import { createRelayMetrics, registerBacklog, registerPassages } from '../metrics.ts';
import { startRelay } from '../relay.ts';
import { deleteStream, openAdmin } from './event-log.ts';
import { openTestDatabase } from './outbox-writer.ts';

export const partyKeySecret = 'the secret of the tests, which is long enough';

/** A database, NATS accounts and a folder of one test file's own: no other relay lends a hand. */
export type RelayFixture = {
  space: TestSpace;
  db: Database;
  /** May do everything on the test's NATS accounts. */
  admin: NatsConnection;
  folder: string;
  /** Settings of a relay. */
  env: Record<string, string>;
  /** Forgets everything: outbox, cursors, refusals, what is held back, and the stream. No relay may run. */
  reset(): Promise<void>;
  close(): Promise<void>;
};

export async function openRelayFixture(): Promise<RelayFixture> {
  const folder = mkdtempSync(path.join(tmpdir(), 'event-relay-'));
  const secretFile = path.join(folder, 'party-key');
  writeFileSync(secretFile, `${partyKeySecret}\n`);
  const space = await openTestSpace();
  const [db, admin] = await Promise.all([
    openTestDatabase(space.databaseUrl),
    openAdmin(space.natsUrl, space.natsCreds.admin),
  ]);
  return {
    space,
    db,
    admin,
    folder,
    env: {
      DATABASE_URL: space.databaseUrl,
      NATS_URL: space.natsUrl,
      NATS_CREDS: space.natsCreds.eventRelay,
      PARTY_KEY_SECRET_FILE: secretFile,
      PUBLIC_URL: 'https://dialog.example',
      EVENT_STREAM_BYTES_MAX: String(256 * 1_024 ** 2),
    },
    async reset() {
      await sql`
        with rows as (delete from outbox), cursors as (delete from outbox_cursor), refusals as (delete from outbox_refusal),
          held as (delete from outbox_held_back), bypasses as (delete from outbox_bypass),
          noted as (delete from outbox_bypass_dialog)
        update lane set outbox_seq = 0
      `.execute(db);
      await deleteStream(admin);
    },
    async close() {
      await Promise.all([admin.close(), db.destroy()]);
      await space.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Until no lane has a row that a reader's cursor has not passed. */
export async function untilPassed({ db }: RelayFixture, timeoutMs = 15_000): Promise<void> {
  await vi.waitFor(
    async () => {
      const { rows } = await sql`select from lane join outbox_cursor on lane = id where seq < outbox_seq`.execute(db);
      if (rows.length > 0) throw new Error('There are rows which no relay has passed.');
    },
    { timeout: timeoutMs, interval: 20 },
  );
}

export type TestRelay = {
  /** @throws why nothing is relayed at the moment */
  check(): Promise<void>;
  ready(): Promise<void>;
  /** Lines of its log. */
  log: string[];
  /** The value of a metric, the sum of all that have these labels. */
  metric(name: string, labels?: Record<string, string>): Promise<number>;
  close(): Promise<void>;
};

/** A relay within the process of the test, put together as main.ts does it. */
export function openRelay(env: Record<string, string>): TestRelay {
  const config = parseConfig(relayConfig, env);
  const lines: string[] = [];
  const log = createLogger(reader, 'info', { write: (line) => lines.push(line) });
  const registry = createMetrics(reader);
  const db = openDatabase(config.databaseUrl, {
    applicationName: reader,
    connectionsMax: 2 * config.lanesAtOnceMax + 2,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: config.statementTimeoutMs,
    byKey: true,
  });
  registerBacklog(registry, 'dialog_relay', { db, reader });
  registerPassages(registry, 'dialog_relay', { db, reader });
  const relay = startRelay({ db, log, metrics: createRelayMetrics(registry) }, config);
  return {
    log: lines,
    check: () => relay.check(),
    ready: () => vi.waitFor(() => relay.check(), { timeout: 15_000, interval: 20 }),
    metric: (name, labels) => metricIn(registry, name, labels),
    async close() {
      await relay.stop();
      await db.destroy();
    },
  };
}

/** The value of a metric, the sum of all that have these labels. */
export async function metricIn(registry: Registry, name: string, labels: Record<string, string> = {}): Promise<number> {
  const values = (await registry.getMetricsAsJSON()).find((metric) => metric.name === name)?.values ?? [];
  return values
    .filter((value) => Object.entries(labels).every(([label, wanted]) => String(value.labels[label]) === wanted))
    .reduce((sum, { value }) => sum + value, 0);
}
