import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withClient } from './database.ts';
import { removeDataDir } from './postgres-files.ts';
import { type Servers, startServers } from './servers.ts';
import { openTestSpace, type TestSpace } from './testing.ts';

describe('a test space', () => {
  let space: TestSpace;
  beforeAll(async () => {
    space = await openTestSpace();
  });
  afterAll(() => space.close());

  it('has a migrated database in which the services change rows and nothing else', async () => {
    await withClient(space.databaseUrl, async (client) => {
      const tables = await client.query("select from pg_tables where schemaname = 'public'");
      expect(tables.rowCount).toBeGreaterThan(0);
      await expect(client.query('create table extra (id int)')).rejects.toThrow('permission denied');
      await expect(client.query('drop table dialog')).rejects.toThrow('must be owner');
    });
  });

  it('complains at its end when the test left a connection open', async () => {
    const other = await openTestSpace({ closeTimeoutMs: 100 });
    await withClient(other.databaseUrl, async (client) => {
      await client.query("select 'forgotten'");
      await expect(other.close()).rejects.toThrow("select 'forgotten'");
    });
    await other.close();
  });
});

describe('durable servers', () => {
  let dataDir: string;
  let servers: Servers;
  beforeAll(async () => {
    dataDir = mkdtempSync(path.join(tmpdir(), 'servers-'));
    servers = await startServers({ dataDir, durability: 'durable' });
  });
  afterAll(async () => {
    await servers.stop();
    removeDataDir(dataDir);
  });

  it('confirm nothing that a loss of power would take back', async () => {
    const settings = ['fsync', 'synchronous_commit', 'full_page_writes'];
    await withClient(servers.postgres.url, async (client) => {
      const { rows } = await client.query('select setting from pg_settings where name = any($1)', [settings]);
      expect(rows).toEqual(settings.map(() => ({ setting: 'on' })));
    });
    const redis = new Redis(servers.redis.url);
    expect(await redis.config('GET', 'appendonly', 'appendfsync', 'maxmemory-policy')).toEqual(
      expect.arrayContaining(['appendonly', 'yes', 'appendfsync', 'always', 'maxmemory-policy', 'noeviction']),
    );
    redis.disconnect();
  });

  it('let nobody in without the password', async () => {
    const url = new URL(servers.redis.url);
    url.password = '';
    const redis = new Redis(url.href, { retryStrategy: null });
    redis.on('error', () => undefined);
    await expect(redis.set('key', 'value')).rejects.toThrow('NOAUTH');
    redis.disconnect();
    await expect(withClient(servers.postgres.url.replace(/:[^:@]*@/, ':wrong@'), async () => {})).rejects.toThrow();
  });

  it('come back after a kill where they were, with what they had', async () => {
    const { postgres, redis, nats } = servers;
    await withClient(postgres.url, (client) => client.query('create table kept (id int)'));
    await withRedis((client) => client.set('kept', 'value'));
    await withJetStream((manager) => manager.streams.add({ name: 'KEPT', subjects: ['kept'] }));
    for (const server of [postgres, redis, nats]) {
      await server.kill();
      expect(server.pid).toBeUndefined();
      await server.start();
    }
    await withClient(postgres.url, (client) => client.query('select from kept'));
    expect(await withRedis((client) => client.get('kept'))).toBe('value');
    expect(await withJetStream((manager) => manager.streams.info('KEPT'))).toBeDefined();
  });

  async function withRedis<Result>(work: (client: Redis) => Promise<Result>): Promise<Result> {
    const client = new Redis(servers.redis.url);
    const result = await work(client);
    client.disconnect();
    return result;
  }

  async function withJetStream<Result>(
    work: (manager: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<Result>,
  ): Promise<Result> {
    const authenticator = credsAuthenticator(readFileSync(servers.nats.creds.admin));
    const connection = await connect({ servers: servers.nats.url, authenticator });
    const result = await work(await jetstreamManager(connection));
    await connection.close();
    return result;
  }
});
