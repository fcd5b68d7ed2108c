import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { partitionDialogs } from '@dialog/database/hash-partitions';
import { openDatabase } from '@dialog/database/open';
import pg from 'pg';
import { inject } from 'vitest';
import { databaseUrls, withClient } from './database.ts';
import { addAccounts } from './nats-accounts.ts';
import { type NatsCreds, type SubscriberSigning, writeCreds, writeSubscriberSigning } from './nats-users.ts';
import type { TestServers } from './testing-servers.ts';

/** What one test file has to itself on the servers of the run. */
export type TestSpace = {
  /** A migrated, empty database, as the services' role: rows only, no schema changes. */
  databaseUrl: string;
  /** The same database as the role of the migrations. */
  ownerDatabaseUrl: string;
  redisUrl: string;
  /** Every key and queue of the test must begin with it: the Redis is everybody's. */
  redisPrefix: string;
  natsUrl: string;
  /** Creds files of users who see nothing of other test files' messages and streams. */
  natsCreds: NatsCreds;
  natsSubscribers: SubscriberSigning;
  /** @throws when connections to the database are left open: the test forgot to close something */
  close(): Promise<void>;
};

/** Call it in `beforeAll`, and `close` in `afterAll`. Only in the projects of vitest.config.ts that have servers. */
export async function openTestSpace({ closeTimeoutMs = 5_000 } = {}): Promise<TestSpace> {
  const servers = inject('testServers');
  const name = `t${randomBytes(6).toString('hex')}`;
  const [nats] = await Promise.all([openAccounts(servers, name), createDatabase(servers, name)]);
  const urls = databaseUrls(servers.superuserUrl, name, servers.rolePasswords);
  await partition(urls.owner, inject('dialogPartitions'));
  return {
    databaseUrl: urls.app,
    ownerDatabaseUrl: urls.owner,
    redisUrl: servers.redisUrl,
    redisPrefix: name,
    natsUrl: servers.natsUrl,
    natsCreds: nats.creds,
    natsSubscribers: nats.subscribers,
    close: () => dropDatabase(servers, name, closeTimeoutMs),
  };
}

async function openAccounts(servers: TestServers, name: string) {
  const seeds = await addAccounts(servers.natsUrl, servers.natsKeys);
  const folder = path.join(servers.dataDir, 'nats/creds', name);
  return { creds: await writeCreds(seeds, folder), subscribers: writeSubscriberSigning(seeds, folder) };
}

/** Any file of tests can be run on the layout of a large installation: `DIALOG_PARTITIONS=8 npm test -- <file>`. */
async function partition(ownerUrl: string, count: number): Promise<void> {
  if (count === 0) return;
  const settings = { applicationName: 'partition', connectionsMax: 1 };
  const owner = openDatabase(ownerUrl, { ...settings, connectTimeoutMs: 5_000, statementTimeoutMs: 60_000 });
  await partitionDialogs(owner, count);
  await owner.destroy();
}

function createDatabase({ superuserUrl, templateDatabase }: TestServers, name: string): Promise<unknown> {
  return withClient(superuserUrl, (client) =>
    client.query(`create database ${name} template ${pg.escapeIdentifier(templateDatabase)} owner dialog_owner`),
  );
}

async function dropDatabase({ superuserUrl }: TestServers, name: string, timeoutMs: number): Promise<void> {
  await withClient(superuserUrl, async (client) => {
    // The server notices closed and killed clients a moment later.
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const left = await client.query('select query from pg_stat_activity where datname = $1', [name]);
      if (left.rowCount === 0) break;
      if (Date.now() > deadline) {
        const queries = left.rows.map((row) => `  ${row.query}`);
        throw new Error(
          `Connections to the test's database were left open. What they did last:\n${queries.join('\n')}`,
        );
      }
      await delay(20);
    }
    await client.query(`drop database ${name}`);
  });
}
