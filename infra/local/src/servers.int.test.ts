import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withClient } from './database.ts';
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
    });
  });

  it('has a Redis that asks for the password', async () => {
    const redis = new Redis(space.redisUrl);
    expect(await redis.ping()).toBe('PONG');
    redis.disconnect();
  });
});
